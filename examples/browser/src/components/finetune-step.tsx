import { activity, isBusy, network, robust, trainData } from "../state/state.js";
import { finetuneNetwork } from "../state/train.js";
import { FinetuneForm } from "./finetune-form.js";
import { ProblemNote } from "./problem.js";
import { Progress } from "./progress.js";
import { TrainingChart } from "./training-chart.js";

/** Third step: finetuning with variation. */
export function FinetuneStep() {
  const running = activity.value?.kind === "finetune" ? activity.value : undefined;
  const isReady = network.value && trainData.value && !isBusy.value;
  return (
    <section class="step" id="finetune" aria-labelledby="finetune-title">
      <div class="controls">
        <h2 id="finetune-title">3. Make it robust</h2>
        <p>Training with weights that vary teaches the network to do without exact ones.</p>
        <FinetuneForm />
        <div class="actions">
          {running ? (
            <button type="button" class="main stop" onClick={running.stop}>
              Stop, keep the best
            </button>
          ) : (
            <button type="button" class="main tuned" disabled={!isReady} onClick={() => void finetuneNetwork()}>
              {robust.value ? "Finetune anew" : "Finetune"}
            </button>
          )}
        </div>
        {!trainData.value && <p class="hint">Open training samples first, under Samples above.</p>}
        <Progress kind="finetune" unit="steps" />
        <ProblemNote place="training" />
      </div>
      <div class="outcome">
        <TrainingChart />
      </div>
    </section>
  );
}
