// Predictions of `benchmark` against what they predict: a Monte Carlo evaluation and an epoch of finetuning of a trained LeNet-5 on MNIST,
// on one thread, in processor time.
import { readFileSync } from "node:fs";
import { benchmark } from "@neft/profile";
import { evaluate, finetune, importOnnx, readDataset, take } from "neft";
import { processorTime } from "../harness/contest.mjs";
import { atMost } from "../harness/record.mjs";

const network = new URL("../../examples/models/mnist-lenet5.onnx", import.meta.url);
const readNetwork = () => importOnnx(new Uint8Array(readFileSync(network)));

/** The study: each part takes some seconds. */
const study = { sigma: [0.1, 0.2], chips: 20, samples: 10_000, trainingSamples: 30_000, epochs: 1, batch: 128 };

/** Seconds of the processor that `work` takes. */
async function secondsOf(work) {
  const start = processorTime();
  await work();
  return (processorTime() - start) / 1000;
}

/** Measures one build. */
export async function run({ record }) {
  const model = readNetwork();
  const { sigma, chips, samples, trainingSamples, epochs, batch } = study;
  const strategy = "noise-injection";
  const test = take(await readDataset("mnist:test"), samples);
  const train = take(await readDataset("mnist:train"), trainingSamples);
  const { estimates } = await benchmark({ ...study, model, strategies: [strategy], now: processorTime });
  const cases = [
    {
      what: `evaluation of LeNet-5, ${sigma.length} × ${chips} chips, 10,000 images`,
      predicted: estimates.evaluation[0].seconds,
      work: () => evaluate(model, test, { sigma, chips }),
    },
    {
      what: "epoch of LeNet-5, noise injection, 30,000 images",
      predicted: estimates.finetuning[0].seconds,
      work: () => finetune(readNetwork(), train, { strategy, epochs, batch }),
    },
  ];
  for (const { what, predicted, work } of cases) {
    const taken = await secondsOf(work);
    record({
      what,
      ours: predicted,
      peer: taken,
      peerName: "what it took",
      unit: "s",
      // 1 is exact.
      ratio: Math.max(predicted / taken, taken / predicted),
      goal: atMost(1.2),
    });
  }
}
