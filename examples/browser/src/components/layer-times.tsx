import type { BenchmarkResult } from "../benchmark.js";
import { measure, timings } from "../state/measure.js";
import { activity, isBusy, network } from "../state/state.js";
import { ProblemNote } from "./problem.js";
import { Progress } from "./progress.js";

type Layer = BenchmarkResult["layers"][number];

/** Parts of a layer's time, in milliseconds. */
const parts: readonly { readonly kind: string; readonly words: string; readonly ms: (layer: Layer) => number }[] = [
  { kind: "main", words: "forward", ms: ({ forward }) => forward.ms },
  { kind: "muted", words: "backward", ms: ({ backward }) => backward?.ms ?? 0 },
  {
    kind: "before",
    words: "variation",
    ms: ({ variation }) => Math.max(0, (variation?.forward ?? 0) + (variation?.backward ?? 0)),
  },
];

const sumOf = (layer: Layer): number => parts.reduce((sum, { ms }) => sum + ms(layer), 0);
const short = (value: number): string => String(Number(value.toPrecision(2)));

/** How long each layer takes on this device, in a training step. */
export function LayerTimes() {
  const running = activity.value?.kind === "measure" ? activity.value : undefined;
  const result = timings.value;
  return (
    <>
      <div class="row">
        <p class="hint">How fast is this network on this device? Times every layer, then chips and training steps.</p>
        {running ? (
          <button type="button" class="quiet" onClick={running.stop}>
            Stop
          </button>
        ) : (
          <button type="button" class="quiet" disabled={!network.value || isBusy.value} onClick={() => void measure()}>
            Benchmark
          </button>
        )}
      </div>
      <Progress kind="measure" />
      <ProblemNote place="network-times" />
      {result && <Result result={result} />}
    </>
  );
}

function Result({ result: { layers, batch, evaluation, training } }: { readonly result: BenchmarkResult }) {
  const longest = Math.max(...layers.map(sumOf));
  const [chips, steps] = [evaluation[0], training[0]];
  return (
    <figure class="chart">
      <figcaption>
        <h3>
          {chips && `${short(chips.chipsPerSecond)} chips a second with ${chips.samples.toLocaleString("en")} samples`}
          {steps && `, ${short(steps.stepsPerSecond)} training steps a second`} on one thread
        </h3>
        <ul class="legend">
          {parts.map(({ kind, words }) => (
            <li key={kind} data-kind={kind}>
              {words}
            </li>
          ))}
          <li data-kind="note">ms for {batch} samples</li>
        </ul>
      </figcaption>
      <ul class="bars">
        {layers.map((layer) => (
          <li key={layer.name}>
            <span class="name">{layer.name}</span>
            <span class="bar">
              {parts.map(({ kind, ms }) => (
                <span key={kind} data-kind={kind} style={{ width: `${(100 * ms(layer)) / longest}%` }} />
              ))}
            </span>
            <span class="value">{short(sumOf(layer))} ms</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
