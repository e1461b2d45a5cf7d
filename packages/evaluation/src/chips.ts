import { addLayers, isDetailed, SharedLayers } from "@neft/crossbar";
import { batchTensor, type Dataset, type Normalisation } from "@neft/data";
import { type ArrayBackend, arrayNodes, type Model, run, valueShapes } from "@neft/model";
import { inWords } from "@neft/options";
import { noGrad, type ScoreCounter, scope, sizeOf, type Tensor, withScoreCounter } from "@neft/tensor";
import { type ChipChoice, needsRanges, needsSamples, withChips } from "./chip-reads.js";
import { type ChipTally, type Counts, chipCounts, emptyTally } from "./tally.js";
import { type Weights, writeWeights } from "./weights.js";

/** A job: run all samples on the chips [from, to). Plain data. */
export interface ChipJob extends ChipChoice {
  readonly from: number;
  readonly to: number;
  /**
   * Whether to sum the softmax over the chips. If true, a chip with class scores that aren't finite is reported in
   * `ChipTally.broken`. If false, samples with such scores count as wrong, so that validation gives diverged weights a low accuracy.
   */
  readonly probabilities: boolean;
  /** Whether to sum logarithms of the softmax, too; only with `probabilities`. Default: false. */
  readonly logarithms?: boolean | undefined;
  /** Counts scores divided by this number, too; only with `probabilities`. Default: none. */
  readonly temperature?: number | undefined;
  /** Whether the tally has the class scores. Default: false. */
  readonly scores?: boolean | undefined;
  /** Values for the model's parameters, in its order. Default: the current values. */
  readonly weights?: Weights | undefined;
}

/** A model, a dataset, and a cache of normalised batches. */
export interface EvaluationState {
  readonly model: Model;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Name of the value with the class scores, [batch, classes]. */
  readonly logits: string;
  /** Normalised batches, by the number of their first sample. */
  readonly cache: Map<number, Tensor>;
  /** Size limit of the cache, in bytes. */
  readonly cacheBytes: number;
  /** What all chips of the model have in common. */
  readonly layers: SharedLayers;
}

/**
 * Batch size of a forward pass. Small enough that the activations of a small network stay near the CPU's caches, large enough that
 * drawing the weights costs little compared with the products. Results don't depend on it.
 */
const samplesPerBatch = 200;

/** Batch size of a model's forward passes: its own if its batch axis is fixed, else `samplesPerBatch`. */
export function batchOf({ inputs }: Model): number {
  const batch = inputs[0]!.shape[0]!;
  return typeof batch === "number" ? batch : samplesPerBatch;
}

/** The MNIST test set fits. */
const defaultCacheBytes = 64 * 2 ** 20;

/** Makes a state for `evaluateChips`, with an empty cache. Default of `cacheBytes`: 64 MiB. Free it with `disposeEvaluationState`. */
export function createEvaluationState(
  parts: Pick<EvaluationState, "model" | "data" | "normalisation" | "logits"> & { readonly cacheBytes?: number },
): EvaluationState {
  return { cacheBytes: defaultCacheBytes, ...parts, cache: new Map(), layers: new SharedLayers() };
}

/** Frees the cached batches, not the model. */
export function disposeEvaluationState(state: EvaluationState): void {
  for (const tensor of state.cache.values()) tensor.dispose();
  state.cache.clear();
}

/**
 * Returns a function that gives the normalised samples [from, to) as a tensor: the cached one, or a new one in the current scope if
 * the cache is full. If the network's batch is fixed and larger, the last sample is repeated to fill it.
 */
export function sampleBatch(
  { model, data, normalisation, cache, cacheBytes }: EvaluationState,
  from: number,
  to: number,
): () => Tensor {
  const cached = cache.get(from);
  if (cached) return () => cached;
  const { shape, dtype } = model.inputs[0]!;
  const length = typeof shape[0] === "number" ? shape[0] : to - from;
  const indices = Uint32Array.from({ length }, (_, i) => Math.min(from + i, to - 1));
  const make = () => batchTensor(data, indices, normalisation, shape, dtype);
  const sampleBytes = 4 * sizeOf(data.shape);
  if (to * sampleBytes > cacheBytes) return make;
  const kept = make();
  cache.set(from, kept);
  return () => kept;
}

/** Returns a function that makes the calibration samples in the current scope: the first ones. */
export function calibrationBatch(
  { model, data, normalisation }: Pick<EvaluationState, "model" | "data" | "normalisation">,
  { calibrationSamples = 1 }: Pick<ChipJob, "calibrationSamples">,
): () => Tensor {
  const { shape, dtype } = model.inputs[0]!;
  const length = typeof shape[0] === "number" ? shape[0] : Math.min(calibrationSamples, data.count);
  const indices = Uint32Array.from({ length }, (_, i) => Math.min(i, data.count - 1));
  return () => batchTensor(data, indices, normalisation, shape, dtype);
}

/**
 * Runs all samples on the chips of a job and counts their scores.
 *
 * A chip is one draw of all weights; with `perSample`, one draw per sample. The same job gives the same tally, bit for bit, on every
 * worker. At the first broken chip the job ends: `broken` describes it, and the rest of the tally must not be used.
 */
export function evaluateChips(state: EvaluationState, job: ChipJob): ChipTally {
  try {
    return readChips(state, job);
  } finally {
    state.layers.forgetWeights();
  }
}

function readChips(state: EvaluationState, job: ChipJob): ChipTally {
  const { model, data, logits } = state;
  if (job.weights) writeWeights(model.parameters.values(), job.weights);
  const shapes = valueShapes(model);
  const classes = shapes.get(logits)![1] as number;
  const perBatch = batchOf(model);
  const sums = job.probabilities ? data.count * classes : 0;
  const tally = emptyTally(job.from, job.to, {
    probabilities: sums,
    logarithms: job.logarithms ? sums : 0,
    isScaled: job.temperature !== undefined,
  });
  const perChip = data.count * classes;
  const kept = job.scores ? new Float32Array((job.to - job.from) * perChip) : undefined;
  let broken: string | undefined;
  withTallyCounters(data.labels, job, tally, job.probabilities ? classes : 0, (count) => {
    for (const chips of groupsOf(job, model, shapes)) {
      // A later batch may break an earlier chip, so chips before a broken one continue.
      let sound = chips;
      withChips(
        job,
        model,
        chips,
        calibrationBatch(state, job),
        (group, own) => {
          for (let from = 0; from < data.count && sound.length > 0; from += perBatch) {
            const to = Math.min(from + perBatch, data.count);
            const batch = sampleBatch(state, from, to);
            scope(() => {
              const x = batch();
              const backends = group.backends(x, { time_s: job.time_s, firstSample: from });
              for (const [i, chip] of sound.entries()) {
                const scores = readBatch({ model: own, logits }, x, backends[i]!);
                if (count(scores, chip - job.from, [from, to]) > 0 && job.probabilities) {
                  broken = notFinite({ scores: scores.floats(), classes }, from, {
                    chip,
                    sigma: job.chip.sigma,
                    advice: "try a lower sigma",
                  });
                  sound = sound.slice(0, i);
                  return;
                }
                // A fixed batch may have more rows than samples are left.
                const rows = (to - from) * classes;
                kept?.set(scores.floats().subarray(0, rows), (chip - job.from) * perChip + from * classes);
              }
            });
          }
          if (isDetailed(job.chip)) {
            tally.layers = group.chips.reduce((all, one) => addLayers(all, one.counts()), tally.layers ?? {});
          }
        },
        state.layers,
      );
      if (broken !== undefined) break;
    }
  });
  return { ...tally, scores: kept, broken };
}

/** Counts the scores of the samples [first, end) on a chip of the tally, and returns how many aren't finite. */
type CountBatch = (scores: Tensor, chip: number, range: readonly [first: number, end: number]) => number;

/** Runs `use` with a function that counts into a tally: the scores as they are and, where the job has a temperature, divided by it. */
function withTallyCounters(
  labels: Int32Array,
  { temperature, logarithms }: Pick<ChipJob, "temperature" | "logarithms">,
  tally: ChipTally,
  classes: number,
  use: (count: CountBatch) => void,
): void {
  const counted = { classes, logarithms: logarithms ?? false };
  withScoreCounter(labels, counted, (counter) => {
    const raw = countingInto(tally, counter);
    const { scaled } = tally;
    if (!scaled) use(raw.count);
    else {
      withScoreCounter(labels, { ...counted, temperature: temperature! }, (scaledCounter) => {
        const divided = countingInto(scaled, scaledCounter);
        use((...batch) => {
          divided.count(...batch);
          return raw.count(...batch);
        });
        divided.end();
      });
    }
    raw.end();
  });
}

/** Counts batches into the entries of their chips. `end` writes what sums up over batches and chips. */
function countingInto(counts: Counts, counter: ScoreCounter): { readonly count: CountBatch; end(): void } {
  const gaps: number[][] = [];
  return {
    count: (scores, chip, [first, end]) => {
      const batch = counter.count(scores, first, end - first);
      for (const name of chipCounts) if (name !== "miscalibration") counts[name][chip]! += batch[name];
      gaps[chip] = batch.gaps.map((gap, i) => gap + (gaps[chip]?.[i] ?? 0));
      return batch.broken;
    },
    end: () => {
      for (const [chip, ofChip] of gaps.entries())
        counts.miscalibration[chip] = ofChip.reduce((sum, gap) => sum + Math.abs(gap), 0);
      counter.copySums(counts);
    },
  };
}

/** Maximum size of a group's programmed weights, in bytes. A group has at least one chip. */
const maxWeightBytes = 64 * 2 ** 20;

/**
 * Maximum size of a group's first-layer outputs for one batch, before pooling, in bytes: they are computed for all chips of the group
 * and stay in memory until the chip's turn. If they are larger, reading the samples is a small part of the work anyway.
 */
const maxFirstOutputBytes = 16 * 2 ** 20;

/** Splits the job's chips into groups. The chips of a group read each batch in turn, while it is in the CPU's caches. */
export function* groupsOf(
  { from, to, chip }: Pick<ChipJob, "from" | "to" | "chip">,
  model: Model,
  shapes: ReadonlyMap<string, readonly number[]>,
): Generator<number[]> {
  const input = model.inputs[0]!.name;
  const arrays = arrayNodes(model);
  const weights = arrays.reduce((sum, { weight }) => sum + 4 * model.parameters.get(weight)!.size, 0);
  const first = arrays.filter(({ node }) => node.inputs.includes(input));
  // `shapes` are for a batch of 1, or for the fixed batch.
  const runs = typeof model.inputs[0]!.shape[0] === "number" ? 1 : samplesPerBatch;
  const firstOutputs = first.reduce((sum, { node }) => sum + 4 * runs * sizeOf(shapes.get(node.outputs[0]!)!), 0);
  // Chips with converters or corrections share nothing.
  const isAlone = needsSamples(chip) || needsRanges(chip);
  const most = isAlone
    ? 1
    : Math.max(
        1,
        Math.floor(Math.min(maxWeightBytes / Math.max(1, weights), maxFirstOutputBytes / Math.max(1, firstOutputs))),
      );
  for (let first = from; first < to; first += most) {
    yield Array.from({ length: Math.min(most, to - first) }, (_, i) => first + i);
  }
}

/** Runs one batch on one chip; returns its class scores, [batch, classes]. */
function readBatch(
  { model, logits: name }: Pick<EvaluationState, "model" | "logits">,
  x: Tensor,
  backend: ArrayBackend,
): Tensor {
  const logits = noGrad(() => run(model, x, { backend, outputs: [name] }).outputs.get(name)!);
  if (logits.shape.length !== 2 || logits.shape[0] !== x.shape[0]) {
    throw new Error(
      `value ${inWords(name)}: expected class scores of shape [batch, classes] for a batch of ${x.shape[0]}, got [${logits.shape.join(", ")}]`,
    );
  }
  return logits;
}

/** What to check when the digital network's scores aren't finite. */
export const checks = "check the network, the samples and their scale, mean and std";

/**
 * Describes the first score that isn't finite.
 * @param scores  [samples, classes], with at least one such score.
 * @param first  Index of the first row's sample.
 */
export function notFinite(
  { scores, classes }: { readonly scores: Float32Array; readonly classes: number },
  first: number,
  { chip, sigma, advice }: { readonly chip: number; readonly sigma: number; readonly advice: string },
): string {
  const at = scores.findIndex((score) => !Number.isFinite(score));
  // At σ 0 the chip is the digital network, so a lower σ can't help.
  const [who, fix] = sigma === 0 ? ["digital network", checks] : [`chip ${chip} at σ ${sigma}`, advice];
  return `${who}: expected finite class scores, got ${scores[at]} for sample ${first + Math.floor(at / classes)}; ${fix}`;
}
