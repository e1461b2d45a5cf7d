import { type ProgrammedChip, type ProgrammingSettings, programChip, readTogether } from "@neft/crossbar";
import { holdModel, run } from "@neft/model";
import { noGrad, scope } from "@neft/tensor";
import { batchOf, checks, createEvaluationState, notFinite, sampleBatch } from "./chips.js";
import { type BoundNetwork, bindNetwork, type NetworkAndData } from "./network.js";
import { chipPurposes } from "./streams.js";

/** Class scores and predicted classes of samples. */
export interface Prediction {
  /** Logits, [samples, classes]. */
  readonly scores: Float32Array;
  readonly shape: readonly [samples: number, classes: number];
  /** Class with the largest score, one per sample; the lowest class on ties. */
  readonly argmax: Int32Array;
}

/** The chip to predict on: chip number `chip` of an evaluation with the same settings and seed. */
export interface PredictingChip extends ProgrammingSettings {
  readonly seed: number;
  readonly chip: number;
}

type PredictOptions = NetworkAndData & { readonly on: PredictingChip };

/**
 * Computes the class scores of all samples on one chip. σ = 0 is the digital network.
 * @throws {RangeError} if the data doesn't fit the network, or the chip's settings are out of range.
 * @throws {Error} if class scores aren't finite; names the chip or the digital network.
 */
export function predict(options: PredictOptions): Prediction {
  const { seed, chip: index, ...programming } = options.on;
  const network = bindNetwork(options, { needsLabels: false });
  try {
    const hold = holdModel(options.model, "read", "predict");
    try {
      const chip = programChip(network.model, { ...programming, seed, index, purpose: chipPurposes.chip });
      try {
        return predictBound(options, network, chip);
      } finally {
        chip.dispose();
      }
    } finally {
      hold.release();
    }
  } finally {
    network.dispose();
  }
}

/** Computes the class scores of all samples on a programmed chip. */
function predictBound(
  { data, on }: PredictOptions,
  { model, normalisation, logits, classes }: BoundNetwork,
  chip: ProgrammedChip,
): Prediction {
  // Without a cache, the state has nothing to free.
  const state = createEvaluationState({ model, data, normalisation, logits, cacheBytes: 0 });
  const scores = new Float32Array(data.count * classes);
  for (let from = 0; from < data.count; from += batchOf(model)) {
    const to = Math.min(from + batchOf(model), data.count);
    scope(() => {
      const x = sampleBatch(state, from, to)();
      const backend = readTogether([chip], x)[0]!;
      const { outputs } = noGrad(() => run(model, x, { backend, outputs: [logits] }));
      // A fixed batch may have more rows than samples are left.
      const own = outputs
        .get(logits)!
        .floats()
        .subarray(0, (to - from) * classes);
      if (!own.every(Number.isFinite)) {
        throw new Error(
          notFinite({ scores: own, classes }, from, { ...on, advice: `try a lower sigma, or ${checks}` }),
        );
      }
      scores.set(own, from * classes);
    });
  }
  return { scores, shape: [data.count, classes], argmax: argmaxOf(scores, classes) };
}

/** Column of the largest score in each row of [rows, classes]; the lowest column on ties. */
function argmaxOf(scores: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: scores.length / classes }, (_, row) => {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    return own.reduce((best, score, i) => (score > own[best]! ? i : best), 0);
  });
}
