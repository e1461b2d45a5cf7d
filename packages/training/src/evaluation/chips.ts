import { type Device, programChip, variationBackend } from "@neft/crossbar";
import { type Dataset, gatherBatch, type Normalisation, sampleShape } from "@neft/data";
import { type ArrayBackend, type Model, run } from "@neft/model";
import { noGrad, scope, softmax, type Tensor, tensor } from "@neft/tensor";
import { type Weights, writeWeights } from "../checkpoint.js";
import { rowEntropies } from "./entropy.js";
import { type ChipTally, emptyTally, toUnits } from "./tally.js";

/** What a chip is made of: plain data. */
export interface ChipSettings {
  readonly device: Device;
  readonly weightBits?: number | undefined;
  readonly bitsPerCell?: number | undefined;
  /** A fresh draw for every sample instead of one a chip. */
  readonly perSample?: boolean | undefined;
}

/** Chips [from, to) to be read with all images: plain data. */
export interface ChipJob extends ChipSettings {
  readonly sigma: number;
  readonly seed: number;
  /** Which chips: streams of different purposes are independent. */
  readonly purpose: string;
  readonly from: number;
  readonly to: number;
  /**
   * Whether to sum the softmax over the chips. Class scores must be finite then; else a sample with others counts as wrong,
   * so that validation can tell weights that have run away from good ones.
   */
  readonly probabilities: boolean;
  /** Contents of the model's parameters in its order; as they are where left out. */
  readonly weights?: Weights | undefined;
}

/** A model and images to read chips with, and the images' normalised form as far as the cache has room. */
export interface EvaluationState {
  readonly model: Model;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** The value that holds the class scores, [batch, classes]. */
  readonly logits: string;
  /** One tensor for each batch of images. */
  readonly images: Map<number, Tensor>;
  /** Bytes of normalised images to keep. */
  readonly cacheBytes: number;
}

/**
 * Images of one call of the network: activations of a small network stay near the caches, and a draw of the weights is
 * cheap beside the products it serves. Results don't depend on it.
 */
const imagesPerBatch = 200;

/** All of MNIST's test set fits. */
const defaultCacheBytes = 64 * 2 ** 20;

/** A state for `evaluateChips`; its cache is filled as images are used. */
export function createEvaluationState(
  parts: Pick<EvaluationState, "model" | "data" | "normalisation" | "logits"> & { readonly cacheBytes?: number },
): EvaluationState {
  return { cacheBytes: defaultCacheBytes, ...parts, images: new Map() };
}

/** Frees the cached images; the model is the caller's. */
export function disposeEvaluationState(state: EvaluationState): void {
  for (const tensor of state.images.values()) tensor.dispose();
  state.images.clear();
}

/** The normalised images [from, to), from the cache or made for the current scope. */
function imageBatch(
  { model, data, normalisation, images, cacheBytes }: EvaluationState,
  from: number,
  to: number,
): () => Tensor {
  const cached = images.get(from);
  if (cached) return () => cached;
  const input = model.inputs[0]!.shape;
  const indices = Uint32Array.from({ length: to - from }, (_, i) => from + i);
  const values = gatherBatch(data, indices, normalisation, input);
  const make = () => tensor(values, [to - from, ...sampleShape(data, normalisation, input)]);
  const sampleBytes = values.byteLength / (to - from);
  if (to * sampleBytes > cacheBytes) return make;
  const kept = make();
  images.set(from, kept);
  return () => kept;
}

/**
 * Reads some chips with all images and counts what they make of them.
 *
 * Every chip is one draw of all weights (or, per sample, a draw for each image); the same job gives the same tally to the
 * last bit, on whatever worker.
 * @throws {Error} when a class score is no finite number, where the softmax is asked for.
 */
export function evaluateChips(state: EvaluationState, job: ChipJob): ChipTally {
  const { model, data } = state;
  if (job.weights) writeWeights(model.parameters.values(), job.weights);
  let tally: ChipTally | undefined;
  for (let chip = job.from; chip < job.to; chip++) {
    const settings = { ...job, index: chip };
    const programmed = job.perSample ? undefined : programChip(model, settings);
    try {
      for (let from = 0; from < data.count; from += imagesPerBatch) {
        const batch = imageBatch(state, from, Math.min(from + imagesPerBatch, data.count));
        const backend = programmed?.backend ?? variationBackend({ ...settings, firstSample: from });
        const { logits, probabilities, classes } = readBatch(state, batch, backend);
        tally ??= emptyTally(job.from, job.to, job.probabilities ? data.count * classes : 0);
        countBatch(tally, chip - job.from, from, { logits, probabilities, classes, labels: data.labels });
      }
    } finally {
      programmed?.dispose();
    }
  }
  return tally ?? emptyTally(job.from, job.to, 0);
}

interface BatchScores {
  /** [images, classes] */
  readonly logits: Float32Array;
  readonly probabilities: Float32Array;
  readonly classes: number;
}

function readBatch({ model, logits: name }: EvaluationState, batch: () => Tensor, backend: ArrayBackend): BatchScores {
  return scope(() =>
    noGrad(() => {
      const logits = run(model, batch(), { backend, outputs: [name] }).outputs.get(name)!;
      if (logits.shape.length !== 2) {
        throw new Error(
          `value "${name}": expected class scores of shape [batch, classes], got [${logits.shape.join(", ")}]`,
        );
      }
      return {
        logits: logits.toArray() as Float32Array,
        probabilities: softmax(logits, { axis: 1 }).toArray() as Float32Array,
        classes: logits.shape[1]!,
      };
    }),
  );
}

/** Counts one batch of one chip, whose images start at `first`. */
function countBatch(
  tally: ChipTally,
  chip: number,
  first: number,
  { logits, probabilities, classes, labels }: BatchScores & { readonly labels: Int32Array },
): void {
  const areSummed = tally.probabilities.length > 0;
  const units = new Float64Array(logits.length);
  for (let row = 0; row < logits.length / classes; row++) {
    const at = row * classes;
    let best = 0;
    let areFinite = true;
    for (let c = 0; c < classes; c++) {
      if (!Number.isFinite(logits[at + c]!)) areFinite = false;
      if (logits[at + c]! > logits[at + best]!) best = c;
      units[at + c] = toUnits(probabilities[at + c]!);
    }
    if (!areFinite && areSummed) {
      const score = logits.subarray(at, at + classes).find((value) => !Number.isFinite(value));
      throw new Error(
        `evaluate: expected finite class scores, got ${score} for sample ${first + row} on chip ${tally.from + chip}`,
      );
    }
    if (!areFinite) continue;
    const isRight = best === labels[first + row];
    if (isRight) tally.correct[chip]! += 1;
    (isRight ? tally.confidenceRight : tally.confidenceWrong)[chip]! += units[at + best]!;
  }
  if (!areSummed) return;
  for (const entropy of rowEntropies(units, classes)) tally.entropy[chip]! += entropy;
  const sums = tally.probabilities.subarray(first * classes);
  for (let i = 0; i < units.length; i++) sums[i]! += units[i]!;
}
