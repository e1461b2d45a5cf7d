import { type Dataset, makeDataset, makeNormalisation } from "@neft/data";
import { chipTask, deviationTask } from "@neft/evaluation";
import { GraphBuilder, type Model } from "@neft/model";
import { normals, permutation, stream } from "@neft/tensor";
import { createTaskServer, type Executor, type Task, type Workers } from "@neft/work";

/** Small images of a few classes: one pattern per class plus strong noise. */
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

/** A small convolutional network for the toy images, optionally with batch norm. */
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
 * A pool of `count` workers without threads that serve these tasks, each with its own model. Jobs run in shuffled order; all messages pass
 * through structured clone.
 */
export function cloningWorkersOf(tasks: readonly Task[], count: number, seed: number): Workers {
  const servers = Array.from({ length: count }, () => createTaskServer(tasks));
  const setups: object[] = [];
  let runs = 0;
  const executor: Executor = {
    size: count,
    inProcess: false,
    run: async (task, setup, jobs, onResult, signal) => {
      if (setups.at(-1) !== setup) {
        setups.push(setup);
        for (const server of servers) await server.open(`${setups.length}`, task.id, structuredClone(setup));
      }
      const all = [...jobs];
      for (const index of permutation(stream(seed, { purpose: "toy-workers", step: runs++ }), all.length)) {
        signal?.throwIfAborted();
        const server = servers[(index * 5 + runs) % count]!;
        const result = await server.do(`${setups.length}`, structuredClone(all[index]));
        await onResult(index, structuredClone(result) as never);
      }
    },
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    size: count,
    lend: (use) => {
      const turn = last.then(() => use(executor));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

/** A pool of workers that run the jobs of evaluations. */
export const cloningWorkers = (count: number, seed = 1): Workers =>
  cloningWorkersOf([chipTask, deviationTask], count, seed);
