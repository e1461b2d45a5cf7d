// Two workers against one: training at a stated number of shards, and Monte Carlo.
import { availableParallelism } from "node:os";
import { createWorkers, finetune, lenet5, vgg8 } from "neft";
import { seed } from "../harness/buffers.mjs";
import { contest, median, medianRatio, wallTime } from "../harness/contest.mjs";
import { atLeast } from "../harness/record.mjs";
import { randomImages } from "../harness/steps.mjs";
import { checkAccuracy, chipsContestant, readInputs } from "./monteCarlo.mjs";

const goal = atLeast(1.8);

/** Runs of a few steps each; the first of a run waits for the workers' setup and doesn't count. */
const runs = [
  { title: "LeNet-5", make: lenet5, shape: [1, 28, 28], batch: 128, shards: 2, steps: 21 },
  { title: "VGG-8", make: vgg8, shape: [3, 32, 32], batch: 32, shards: 2, steps: 2 },
];

/** Milliseconds a step takes on workers, by the times at which steps end; and the weights after them. */
async function trainingRun({ make, shape, batch, shards, steps }, workers) {
  const model = make({ seed });
  const data = randomImages(batch * steps, shape);
  const ends = [];
  const onProgress = ({ kind }) => {
    if (kind === "step") ends.push(wallTime());
  };
  const validation = { chips: 1, every: steps };
  const settings = { strategy: "noise-injection", sigma: 0.2, epochs: 1, batch, shards, seed, validation };
  await finetune(model, data, { ...settings, validationData: randomImages(8, shape), workers, onProgress });
  const weights = [...model.parameters.values()].map((tensor) => tensor.toArray());
  model.dispose();
  return { ms: (ends.at(-1) - ends[0]) / (steps - 1), weights };
}

function checkSame(title, one, two) {
  const differs = one.some((weight, i) => weight.some((value, j) => !Object.is(value, two[i][j])));
  if (differs) throw new Error(`${title}: expected the same weights with one worker and with two, got others`);
}

/** Measures one build. */
export async function run({ rounds, record, skip }) {
  const cores = availableParallelism();
  if (cores < 2) {
    skip({ what: "2 workers against 1", reason: `expected two cores, got ${cores}` });
    return;
  }
  const [one, two] = [createWorkers(1), createWorkers(2)];
  const report = (what, unit, times) =>
    record({
      what,
      ours: 1e3 / median(times.two),
      peer: 1e3 / median(times.one),
      peerName: "1 worker",
      unit,
      ratio: medianRatio(times.one, times.two),
      goal,
    });
  try {
    for (const settings of runs) {
      const { title, batch, shards } = settings;
      const contestant = (workers) => async () => (await trainingRun(settings, workers)).ms;
      checkSame(title, (await trainingRun(settings, one)).weights, (await trainingRun(settings, two)).weights);
      const timed = { rounds, warmUp: 1, clock: wallTime };
      const times = await contest({ one: contestant(one), two: contestant(two) }, timed);
      report(`${title} noise injection step, batch ${batch}, ${shards} shards, 2 workers`, "steps/s", times);
    }
    const inputs = await readInputs();
    await checkAccuracy(inputs, one);
    await checkAccuracy(inputs, two);
    const timed = { rounds, warmUp: 1, clock: wallTime };
    const chips = (workers) => chipsContestant(inputs, workers, 4);
    const times = await contest({ one: chips(one), two: chips(two) }, timed);
    report("Monte Carlo, LeNet-5, 10,000 images, 2 workers", "chips/s", times);
  } finally {
    await one.close();
    await two.close();
  }
}
