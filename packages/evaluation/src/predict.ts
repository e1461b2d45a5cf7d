import { type ProgrammingSettings, programChip, readTogether } from "@neft/crossbar";
import { holdModel, run } from "@neft/model";
import { noGrad, scope } from "@neft/tensor";
import { batchOf, createEvaluationState, disposeEvaluationState, sampleBatch } from "./chips.js";
import { bindNetwork, type NetworkAndData } from "./network.js";
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

/**
 * Computes the class scores of all samples on one chip. σ = 0 is the digital network.
 * @throws {RangeError} if the data doesn't fit the network, or the chip's settings are out of range.
 */
export function predict(options: NetworkAndData & { readonly on: PredictingChip }): Prediction {
  const { seed, chip: index, ...programming } = options.on;
  const network = bindNetwork(options);
  const hold = holdModel(options.model, "read", "predict");
  const { model, normalisation, logits, classes } = network;
  const { data } = options;
  const state = createEvaluationState({ model, data, normalisation, logits, cacheBytes: 0 });
  const chip = programChip(model, { ...programming, seed, index, purpose: chipPurposes.chip });
  try {
    const scores = new Float32Array(data.count * classes);
    for (let from = 0; from < data.count; from += batchOf(model)) {
      const to = Math.min(from + batchOf(model), data.count);
      scope(() => {
        const x = sampleBatch(state, from, to)();
        const backend = readTogether([chip], x)[0]!;
        const { outputs } = noGrad(() => run(model, x, { backend, outputs: [logits] }));
        scores.set(
          outputs
            .get(logits)!
            .floats()
            .subarray(0, (to - from) * classes),
          from * classes,
        );
      });
    }
    return { scores, shape: [data.count, classes], argmax: argmaxOf(scores, classes) };
  } finally {
    chip.dispose();
    disposeEvaluationState(state);
    hold.release();
    network.dispose();
  }
}

/** Column of the largest score in each row of [rows, classes]; the lowest column on ties. */
function argmaxOf(scores: Float32Array, classes: number): Int32Array {
  return Int32Array.from({ length: scores.length / classes }, (_, row) => {
    const own = scores.subarray(row * classes, (row + 1) * classes);
    return own.reduce((best, score, i) => (score > own[best]! ? i : best), 0);
  });
}
