// Monte Carlo evaluation through the API: LeNet-5 on the 10,000 test images of MNIST on all cores, against PyTorch with the images
// in memory, one draw per chip and the better of two batch sizes.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { rram1 } from "@neft/crossbar";
import { createEvaluationState, disposeEvaluationState, evaluateChips } from "@neft/evaluation";
import { createWorkers, evaluate, readDataset, readModel } from "neft";
import { normalisationOf } from "neft/tensor";
import { contest, median, medianRatio, wallTime } from "../harness/contest.mjs";
import { atLeast } from "../harness/record.mjs";
import { startPytorch, withPytorch } from "../peers/pytorch.mjs";

const network = new URL("../../examples/models/mnist-lenet5.onnx", import.meta.url);
const reference = JSON.parse(readFileSync(new URL("../golden/baselines.json", import.meta.url), "utf8"));

/** Tolerance in percent: two images of 10,000 can be classified differently because of rounding. */
const tolerance = 0.0201;

/** LeNet-5 with trained weights and MNIST's test set. */
export async function readInputs() {
  return { model: (await readModel(fileURLToPath(network))).model, data: await readDataset("mnist:test") };
}

/**
 * A contestant that resolves to the milliseconds per chip of a whole `evaluate`: sending model and images to the workers,
 * normalisation and statistics included. The digital network counts as one chip.
 */
export function chipsContestant({ model, data }, workers, chips) {
  return async () => {
    const start = wallTime();
    await evaluate(model, data, { sigma: 0.2, chips: chips - 1, workers, seed: 1 });
    return (wallTime() - start) / chips;
  };
}

/** Contestants that resolve to the milliseconds per chip in a job of four chips and in a job of one, on this thread. */
function jobContestants({ model, data }) {
  const state = createEvaluationState({
    model,
    data,
    normalisation: normalisationOf(data, {}),
    logits: model.outputs[0].name,
  });
  const settings = { device: rram1, sigma: 0.2, seed: 1, purpose: "bench", probabilities: true };
  const contestant = (chips) => () => {
    const start = wallTime();
    evaluateChips(state, { ...settings, from: 0, to: chips });
    return (wallTime() - start) / chips;
  };
  return {
    contestants: { together: contestant(4), alone: contestant(1) },
    dispose: () => disposeEvaluationState(state),
  };
}

/** @throws {Error} unless the accuracies without variation are the reference's. */
export async function checkAccuracy({ model, data }, workers) {
  const { digital, results } = await evaluate(model, data, { sigma: 0, chips: 1, workers });
  const expected = reference.digital["mnist-lenet5"];
  const accuracies = [digital.accuracy, results[0].accuracy.mean];
  if (!accuracies.every((accuracy) => Math.abs(accuracy - expected) <= tolerance)) {
    throw new Error(
      `monteCarlo: expected an accuracy of ${expected} % without variation, got ${accuracies.join(" and ")} %`,
    );
  }
}

const chips = 32;

/** Measures one build. */
export async function run({ rounds, record, skip }) {
  const cores = availableParallelism();
  const inputs = await readInputs();
  const workers = createWorkers(cores);
  const what = `LeNet-5, 10,000 images, ${cores} workers`;
  const unit = "chips/s";
  const rate = (times) => 1e3 / median(times);
  try {
    await checkAccuracy(inputs, workers);
    const ours = chipsContestant(inputs, workers, chips);
    const timed = { rounds, warmUp: 2, clock: wallTime };
    let isMeasured = false;
    await withPytorch({ skip, what }, [startPytorch()], async ([pytorch]) => {
      const batches = [128, 1000].map((batch) => pytorch.timer(`monteCarlo.${batch}.${cores}`));
      const times = await contest({ ours, small: batches[0], large: batches[1] }, timed);
      isMeasured = true;
      const better = median(times.small) < median(times.large) ? "small" : "large";
      record({
        what,
        ours: rate(times.ours),
        peer: rate(times[better]),
        peerName: `${pytorch.name}, ${cores} threads, batch ${better === "small" ? 128 : 1000}`,
        unit,
        ratio: medianRatio(times[better], times.ours),
        goal: atLeast(3),
      });
    });
    if (!isMeasured) record({ what, ours: rate((await contest({ ours }, timed)).ours), unit });
  } finally {
    await workers.close();
  }
  const jobs = jobContestants(inputs);
  try {
    const { together, alone } = await contest(jobs.contestants, { rounds, warmUp: 2, clock: wallTime });
    record({
      what: "a chip of four in a job, which share the first layer's view of the images",
      ours: median(together),
      peer: median(alone),
      peerName: "a chip alone in a job",
      unit: "ms",
      ratio: medianRatio(together, alone),
    });
  } finally {
    jobs.dispose();
  }
}
