import { run } from "../state/run.js";
import { activity, after, before, isBusy, network, opening, robust, testData } from "../state/state.js";
import { AccuracyChart } from "./accuracy-chart.js";
import { AccuracyTable } from "./accuracy-table.js";
import { ChipsForm } from "./chips-form.js";
import { DataPicker } from "./data-picker.js";
import { NetworkPicker } from "./network-picker.js";
import { ProblemNote } from "./problem.js";
import { Progress } from "./progress.js";

/** First step: what runs, on which chips, and how accurate they are. */
export function ChipsStep() {
  const running = activity.value?.kind === "evaluate" ? activity.value : undefined;
  const isReady = network.value && testData.value && !isBusy.value;
  const words = before.value || after.value ? "Run again" : "Run";
  return (
    <section class="step" id="chips" aria-labelledby="chips-title">
      <div class="controls">
        <h2 id="chips-title">1. Run it on chips</h2>
        <NetworkPicker />
        <DataPicker />
        <ChipsForm />
        <div class="actions">
          {running ? (
            <button type="button" class="main stop" onClick={running.stop}>
              Stop
            </button>
          ) : (
            <button type="button" class="main" disabled={!isReady} onClick={() => void run()}>
              {opening.value ? "Loading…" : robust.value && !after.value ? "Evaluate again" : words}
            </button>
          )}
        </div>
        <Progress kind="evaluate" />
        <ProblemNote place="chips" />
      </div>
      <div class="outcome">
        <AccuracyChart />
        <AccuracyTable />
      </div>
    </section>
  );
}
