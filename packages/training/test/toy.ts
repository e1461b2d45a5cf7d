import { type Dataset, makeDataset, makeNormalisation } from "@neft/data";
import { GraphBuilder, type Model } from "@neft/model";
import { normals, permutation, stream } from "@neft/tensor";
import { createTrainingWorker, type TrainingWorker, type Workers } from "@neft/training";

/** Small images of a few classes: a pattern for each class, and much noise. */
export function toyImages(count: number, { classes = 4, size = 8, noise = 0.6, seed = 1 } = {}): Dataset {
  const pixels = size * size;
  const patterns = normals(stream(1, { purpose: "toy-pattern" }), classes * pixels);
  const disturbance = normals(stream(seed, { purpose: "toy-noise" }), count * pixels);
  const labels = Int32Array.from({ length: count }, (_, i) => (i * 7) % classes);
  const values = disturbance.map(
    (value, i) => noise * value + patterns[labels[Math.floor(i / pixels)]! * pixels + (i % pixels)]!,
  );
  return makeDataset("toy", { name: `toy-${seed}`, values, labels, shape: [1, size, size] });
}

export const toyNormalisation = (data: Dataset) => makeNormalisation(data);

/** A small convolutional network for the toy images, with batch norm where asked for. */
export function toyNet({ seed = 1, batchNorm = false, dropout = false, classes = 4, size = 8 } = {}): Model {
  const net = new GraphBuilder("toy", { seed });
  let x = net.conv2d(net.input("image", [1, size, size]), { name: "conv1", outputs: 8, kernel: 3, padding: 1 });
  if (batchNorm) x = net.batchNorm(x, { name: "norm1" });
  x = net.maxPool2d(net.relu(x), { name: "pool1", kernel: 2 });
  x = net.maxPool2d(net.relu(net.conv2d(x, { name: "conv2", outputs: 8, kernel: 3, padding: 1 })), {
    name: "pool2",
    kernel: 2,
  });
  x = net.relu(net.linear(net.flatten(x), { name: "fc1", outputs: 24 }));
  if (dropout) x = net.dropout(x, { ratio: 0.2 });
  return net.build({ logits: net.linear(x, { name: "fc2", outputs: classes }) });
}

/**
 * Workers without threads: `count` of the worker's api, each with a model of its own, that get jobs in a shuffled order,
 * everything through structured clone.
 */
export function cloningWorkers(count: number, seed = 1): Workers {
  const apis = Array.from({ length: count }, createTrainingWorker);
  let runs = 0;
  const lease = {
    size: count,
    prepare: (setup: (api: never) => Promise<unknown>) => {
      for (const api of apis) {
        const cloning: Partial<TrainingWorker> = {
          prepareEvaluation: (settings, id) => api.prepareEvaluation(structuredClone(settings), id),
          prepareTraining: (settings, id) => api.prepareTraining(structuredClone(settings), id),
        };
        void setup(cloning as never);
      }
    },
    run: async (jobs: Iterable<unknown>, { method, onResult, signal }: RunArguments) => {
      const all = [...jobs];
      const results: unknown[] = [];
      for (const index of permutation(stream(seed, { purpose: "toy-workers", step: runs++ }), all.length)) {
        signal?.throwIfAborted();
        const perform = apis[(index * 5 + runs) % count]![method] as (job: unknown) => unknown;
        results[index] = structuredClone(perform(structuredClone(all[index])));
        await onResult?.(index, results[index]);
      }
      return results;
    },
  };
  let last: Promise<unknown> = Promise.resolve();
  const lend = (use: (lent: unknown) => Promise<unknown>) => {
    const turn = last.then(() => use(lease));
    last = turn.catch(() => {});
    return turn;
  };
  return { size: count, lend } as unknown as Workers;
}

interface RunArguments {
  method: "evaluateChips" | "shardGradients";
  onResult?: (index: number, result: unknown) => unknown;
  signal?: AbortSignal;
}
