import type { ChipGroup, ChipSpec } from "@neft/crossbar";
import { holdModel, run } from "@neft/model";
import { noGrad, scope } from "@neft/tensor";
import { rangesFor, withChips } from "./chip-reads.js";
import { batchOf, calibrationBatch, checks, createEvaluationState, notFinite, sampleBatch } from "./chips.js";
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

/** The chip to predict on: that of this index in an evaluation with the same settings and seed. */
export interface PredictingChip {
  readonly chip: ChipSpec;
  /** Age in seconds. Default: 0. */
  readonly time_s?: number | undefined;
  readonly calibrationSamples?: number | undefined;
  readonly seed: number;
  readonly index: number;
}

type PredictOptions = NetworkAndData & { readonly on: PredictingChip };

/**
 * Computes the class scores of all samples on one chip. σ = 0 is the digital network.
 * @throws {RangeError} if the data doesn't fit the network, or the chip's settings are out of range.
 * @throws {Error} if class scores aren't finite; names the chip or the digital network.
 */
export function predict(options: PredictOptions): Prediction {
  const { chip, index, seed, time_s, calibrationSamples } = options.on;
  const network = bindNetwork(options, { needsLabels: false });
  try {
    const hold = holdModel(options.model, "read", "predict");
    try {
      const samples = calibrationBatch({ ...network, data: options.data }, { calibrationSamples });
      const ranges = rangesFor(chip, network.model, samples);
      const choice = { chip, time_s, ranges, seed, purpose: chipPurposes.chip };
      return withChips(choice, network.model, [index], samples, (group, model) =>
        predictBound(options, { ...network, model }, group),
      );
    } finally {
      hold.release();
    }
  } finally {
    network.dispose();
  }
}

/** Computes the class scores of all samples on one chip. */
function predictBound(
  { data, on }: PredictOptions,
  { model, normalisation, logits, classes }: BoundNetwork,
  group: ChipGroup,
): Prediction {
  // Without a cache, the state has nothing to free.
  const state = createEvaluationState({ model, data, normalisation, logits, cacheBytes: 0 });
  const scores = new Float32Array(data.count * classes);
  for (let from = 0; from < data.count; from += batchOf(model)) {
    const to = Math.min(from + batchOf(model), data.count);
    scope(() => {
      const x = sampleBatch(state, from, to)();
      const backend = group.backends(x, { time_s: on.time_s, firstSample: from })[0]!;
      const { outputs } = noGrad(() => run(model, x, { backend, outputs: [logits] }));
      // A fixed batch may have more rows than samples are left.
      const own = outputs
        .get(logits)!
        .floats()
        .subarray(0, (to - from) * classes);
      if (!own.every(Number.isFinite)) {
        throw new Error(
          notFinite({ scores: own, classes }, from, {
            chip: on.index,
            sigma: on.chip.sigma,
            advice: `try a lower sigma, or ${checks}`,
          }),
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
