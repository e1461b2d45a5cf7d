import { type Dataset, makeDataset, makeNormalisation } from "@neft/data";
import {
  compareChips,
  createDeviationState,
  createEvaluationState,
  type DeviationState,
  type EvaluationState,
  type EvaluationWorker,
  type EvaluationWorkers,
  evaluateChips,
  type WorkersOf,
} from "@neft/evaluation";
import { GraphBuilder, type Model, modelFromRecord } from "@neft/model";
import { normals, permutation, stream } from "@neft/tensor";

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
 * A pool of `count` workers without threads, made by `create`, each with its own model. Jobs run in shuffled order; all messages pass
 * through structured clone.
 */
export function cloningWorkersOf<Api extends object>(create: () => Api, count: number, seed: number): WorkersOf<Api> {
  const apis = Array.from({ length: count }, create as () => AnyApi);
  let runs = 0;
  let prepared: Promise<unknown> = Promise.resolve();
  const lease = {
    size: count,
    prepare: (setup: (api: never) => Promise<unknown>) => {
      const setups = apis.map((api) => {
        const cloning = Object.entries(api).map(([name, method]) => [
          name,
          (...args: unknown[]) => method(...args.map((arg) => structuredClone(arg))),
        ]);
        return setup(Object.fromEntries(cloning) as never);
      });
      prepared = Promise.all(setups);
    },
    run: async (jobs: Iterable<unknown>, { method, onResult, signal }: RunArguments) => {
      await prepared;
      const all = [...jobs];
      const results: unknown[] = [];
      for (const index of permutation(stream(seed, { purpose: "toy-workers", step: runs++ }), all.length)) {
        signal?.throwIfAborted();
        const perform = apis[(index * 5 + runs) % count]![method]!;
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
  return { size: count, lend } as unknown as WorkersOf<Api>;
}

/** A pool of workers that run chip jobs only. */
export const cloningWorkers = (count: number, seed = 1): EvaluationWorkers =>
  cloningWorkersOf(createEvaluationWorker, count, seed);

function createEvaluationWorker(): EvaluationWorker {
  let state: EvaluationState;
  let deviation: DeviationState;
  return {
    prepareEvaluation: ({ model, ...setup }) => {
      state = createEvaluationState({ model: modelFromRecord(model), ...setup });
    },
    evaluateChips: ({ job }) => evaluateChips(state, job),
    prepareDeviation: ({ model: record, ...setup }) => {
      const model = modelFromRecord(record);
      deviation = createDeviationState({ ...setup, model, clean: model });
    },
    compareChips: ({ job }) => compareChips(deviation, job),
  };
}

type AnyApi = Readonly<Record<string, (...args: unknown[]) => unknown>>;

interface RunArguments {
  method: string;
  onResult?: (index: number, result: unknown) => unknown;
  signal?: AbortSignal;
}
