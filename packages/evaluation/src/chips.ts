import { type ProgrammingSettings, programChip, readTogether, variationBackend } from "@neft/crossbar";
import { batchTensor, type Dataset, type Normalisation } from "@neft/data";
import { type ArrayBackend, arrayNodes, type Model, run, valueShapes } from "@neft/model";
import { inWords } from "@neft/options";
import {
  noGrad,
  type ScoreCounter,
  type ScoreCounts,
  scope,
  sizeOf,
  type Tensor,
  withScoreCounter,
} from "@neft/tensor";
import { type ChipTally, emptyTally } from "./tally.js";
import { type Weights, writeWeights } from "./weights.js";

/** Chips [from, to) to be read with all images: plain data. */
export interface ChipJob extends ProgrammingSettings {
  readonly perSample?: boolean;
  readonly seed: number;
  /** Which chips: streams of different purposes are independent. */
  readonly purpose: string;
  readonly from: number;
  readonly to: number;
  /**
   * Whether to sum the softmax over the chips. A chip whose class scores aren't finite is broken then; else a sample with such
   * scores counts as wrong, so that validation can tell weights that have run away from good ones.
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

/** Images of one call of a network: as many as it takes where its batch is fixed. */
export function batchOf({ inputs }: Model): number {
  const batch = inputs[0]!.shape[0]!;
  return typeof batch === "number" ? batch : imagesPerBatch;
}

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

/**
 * The normalised images [from, to), from the cache or made for the current scope. Where the network takes no fewer than more, the
 * last one stands for those that are missing.
 */
export function imageBatch(
  { model, data, normalisation, images, cacheBytes }: EvaluationState,
  from: number,
  to: number,
): () => Tensor {
  const cached = images.get(from);
  if (cached) return () => cached;
  const { shape, dtype } = model.inputs[0]!;
  const length = typeof shape[0] === "number" ? shape[0] : to - from;
  const indices = Uint32Array.from({ length }, (_, i) => Math.min(from + i, to - 1));
  const make = () => batchTensor(data, indices, normalisation, shape, dtype);
  const sampleBytes = 4 * sizeOf(data.shape);
  if (to * sampleBytes > cacheBytes) return make;
  const kept = make();
  images.set(from, kept);
  return () => kept;
}

/**
 * Reads some chips with all images and counts what they make of them.
 *
 * Every chip is one draw of all weights (or, per sample, a draw for each image); the same job gives the same tally to the
 * last bit, on whatever worker. Chips behind a broken one are left out: the tally says what is wrong with the first.
 */
export function evaluateChips(state: EvaluationState, job: ChipJob): ChipTally {
  const { model, data, logits } = state;
  if (job.weights) writeWeights(model.parameters.values(), job.weights);
  const shapes = valueShapes(model);
  const classes = shapes.get(logits)![1] as number;
  const perBatch = batchOf(model);
  const tally = emptyTally(job.from, job.to, job.probabilities ? data.count * classes : 0);
  let broken: string | undefined;
  withScoreCounter(data.labels, job.probabilities ? classes : 0, (counter) => {
    for (const chips of groupsOf(job, model, shapes)) {
      const programmed = job.perSample ? [] : chips.map((chip) => programChip(model, { ...job, index: chip }));
      // A later batch may break an earlier chip: those before a broken one go on.
      let sound = chips;
      try {
        for (let from = 0; from < data.count && sound.length > 0; from += perBatch) {
          const to = Math.min(from + perBatch, data.count);
          const batch = imageBatch(state, from, to);
          scope(() => {
            const x = batch();
            const backends = job.perSample
              ? chips.map((index) => variationBackend({ ...job, index, firstSample: from }))
              : readTogether(programmed, x);
            for (const [i, chip] of sound.entries()) {
              const counts = readBatch(state, x, backends[i]!, counter, [from, to]);
              if (counts.broken > 0 && job.probabilities) {
                broken = notFinite(counts, from, chip, job);
                sound = sound.slice(0, i);
                return;
              }
              for (const name of ["correct", "confidenceRight", "confidenceWrong", "entropy"] as const) {
                tally[name][chip - job.from]! += counts[name];
              }
            }
          });
        }
      } finally {
        for (const chip of programmed) chip.dispose();
      }
      if (broken !== undefined) break;
    }
    counter.copySums(tally.probabilities);
  });
  return { ...tally, broken };
}

/** Bytes of a group's programmed weights at most, unless one chip has more. */
const chipBytes = 64 * 2 ** 20;

/**
 * Bytes of what a group's first layers make of a batch at most, unless one chip has more, before any pool: it waits for the chips
 * whose turn comes later. Where it is more, reading the images is little of the work anyway.
 */
const waitingBytes = 16 * 2 ** 20;

/** The job's chips in groups that read each batch of images together, while it is in the caches. */
function* groupsOf(
  { from, to }: ChipJob,
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
): Generator<number[]> {
  const input = model.inputs[0]!.name;
  const arrays = arrayNodes(model);
  const weights = arrays.reduce((sum, { weight }) => sum + 4 * model.parameters.get(weight)!.size, 0);
  const first = arrays.filter(({ node }) => node.inputs.includes(input));
  // Shapes are those of one image or of a fixed batch.
  const runs = typeof model.inputs[0]!.shape[0] === "number" ? 1 : imagesPerBatch;
  const waiting = first.reduce((sum, { node }) => sum + 4 * runs * sizeOf(shapes.get(node.outputs[0]!)!), 0);
  const most = Math.max(1, Math.floor(Math.min(chipBytes / Math.max(1, weights), waitingBytes / Math.max(1, waiting))));
  for (let first = from; first < to; first += most) {
    yield Array.from({ length: Math.min(most, to - first) }, (_, i) => first + i);
  }
}

/** Counts of one batch's scores. */
interface BatchCounts extends ScoreCounts {
  /** The scores, where some aren't finite. */
  readonly scores: Float32Array | undefined;
  readonly classes: number;
}

/** Reads one batch and counts the scores of its first rows, those of the samples [first, end). */
function readBatch(
  { model, logits: name }: EvaluationState,
  x: Tensor,
  backend: ArrayBackend,
  counter: ScoreCounter,
  [first, end]: readonly [first: number, end: number],
): BatchCounts {
  const logits = noGrad(() => run(model, x, { backend, outputs: [name] }).outputs.get(name)!);
  const [count, classes] = logits.shape as [number, number];
  if (logits.shape.length !== 2 || count !== x.shape[0]) {
    throw new Error(
      `value ${inWords(name)}: expected class scores of shape [batch, classes] for a batch of ${x.shape[0]}, got [${logits.shape.join(", ")}]`,
    );
  }
  const counts = counter.count(logits, first, end - first);
  return { ...counts, scores: counts.broken > 0 ? logits.floats() : undefined, classes };
}

function notFinite({ scores, classes }: BatchCounts, first: number, chip: number, { sigma }: ChipJob): string {
  const at = scores!.findIndex((score) => !Number.isFinite(score));
  // Without variation a chip is the digital network, whose job comes before all others: a lower σ is no help then.
  const [who, advice] =
    sigma === 0
      ? ["digital network", "check the network, the samples and their scale, mean and std"]
      : [`chip ${chip} at σ ${sigma}`, "try a lower sigma"];
  return `${who}: expected finite class scores, got ${scores![at]} for sample ${first + Math.floor(at / classes)}; ${advice}`;
}
