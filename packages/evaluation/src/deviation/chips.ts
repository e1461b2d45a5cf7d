import { addLayers, type CountsByLayer, isDetailed, SharedLayers } from "@neft/crossbar";
import { type ArrayBackend, type BoundOutput, type Model, run, valueShapes } from "@neft/model";
import { inWords } from "@neft/options";
import { noGrad, scope, sizeOf, type Tensor } from "@neft/tensor";
import { type ChipChoice, withChips } from "../chip-reads.js";
import { checks, groupsOf } from "../chips.js";
import { type Weights, writeWeights } from "../weights.js";
import { type BoundInput, gatherInputs } from "./samples.js";
import { addSamples, type DeviationSums, firstNotFinite, noSums } from "./sums.js";

/** A job: compare the outputs of the chips [from, to) with those of the clean network on all samples. Plain data. */
export interface DeviationJob extends ChipChoice {
  readonly from: number;
  readonly to: number;
  /**
   * Whether outputs that aren't finite are an error, reported in `DeviationTally.broken`. If false, their sums are infinite or NaN, so
   * that validation gives diverged weights an infinite error.
   */
  readonly strict: boolean;
  /** Values for the parameters of the network on the chips, in its order. Default: the current values. */
  readonly weights?: Weights | undefined;
}

/** Sums of the chips of a job. Plain data. */
export interface DeviationTally {
  readonly from: number;
  /** For each chip, those of each output. */
  readonly sums: readonly (readonly DeviationSums[])[];
  /** As in `ChipTally`. */
  readonly layers?: CountsByLayer | undefined;
  /** Error text about the first outputs that can't be compared. If set, `sums` must not be used. */
  readonly broken?: string | undefined;
}

/** What all jobs of an evaluation share. Plain data but for the models. */
export interface DeviationParts {
  readonly model: Model;
  /** The clean network: the same graph. Its weights never change. */
  readonly clean: Model;
  readonly inputs: readonly BoundInput[];
  readonly outputs: readonly BoundOutput[];
  /** Number of samples. */
  readonly count: number;
  /** The only batch size that the network runs at; undefined if it runs at any. */
  readonly fixedBatch: number | undefined;
}

/** Networks, samples, and caches of batches and of clean outputs. */
export interface DeviationState extends DeviationParts {
  /** Samples of a forward pass. Results don't depend on it, unless the network fixes it. */
  readonly batch: number;
  readonly cached: Map<number, Batch>;
}

/** One batch: its inputs and, for each output, the clean values of its own samples. */
interface Batch {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly clean: readonly CleanOutput[];
}

interface CleanOutput {
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Elements of one sample, or of the whole output if it has no row for each sample. */
  readonly size: number;
}

/** As in an evaluation of accuracies. */
const mostSamples = 200;
/** Most elements of the largest value of a forward pass: 64 MiB. */
const mostElements = 2 ** 24;
/** Limit on cached inputs and clean outputs, in bytes: a small network's fit. */
const cacheBytes = 64 * 2 ** 20;

/** Makes a state for `compareChips`, with empty caches. Free it with `disposeDeviationState`. `batch` is for tests. */
export function createDeviationState(parts: DeviationParts, batch?: number): DeviationState {
  const { model, fixedBatch } = parts;
  return { ...parts, batch: fixedBatch ?? batch ?? batchFor(model), cached: new Map() };
}

/** Samples of a forward pass of a network that takes any number. */
function batchFor(model: Model): number {
  const shapes = valueShapes(model);
  const made = model.nodes.flatMap(({ outputs }) => outputs);
  const largest = Math.max(1, ...made.map((name) => sizeOf(shapes.get(name) ?? [])));
  return Math.max(1, Math.min(mostSamples, Math.floor(mostElements / largest)));
}

/** Frees the cached batches, not the models. */
export function disposeDeviationState({ cached }: DeviationState): void {
  for (const { inputs } of cached.values()) for (const tensor of Object.values(inputs)) tensor.dispose();
  cached.clear();
}

/** Outputs of the clean network that nothing can be compared with. */
class BrokenClean extends Error {}

/**
 * Compares the outputs of the chips of a job with the clean network's. A chip is one draw of all weights; with `perSample`, one draw per
 * sample. The same job gives the same tally, bit for bit, on every worker.
 */
export function compareChips(state: DeviationState, job: DeviationJob): DeviationTally {
  const { model, count, outputs, batch: perBatch } = state;
  if (job.weights) writeWeights(model.parameters.values(), job.weights);
  const sums: DeviationSums[][] = Array.from({ length: job.to - job.from }, () => outputs.map(() => noSums));
  let broken: string | undefined;
  let layers: CountsByLayer | undefined;
  const shared = new SharedLayers();
  try {
    for (const chips of groupsOf(job, model, valueShapes(model))) {
      // A later batch may break an earlier chip, so chips before a broken one continue.
      let sound = chips;
      withChips(
        job,
        model,
        chips,
        calibrationInputs(state, job),
        (group, own) => {
          for (let from = 0; from < count && sound.length > 0; from += perBatch) {
            const to = Math.min(from + perBatch, count);
            const open = batchOf(state, from, to);
            scope(() => {
              const batch = open();
              const first = Object.values(batch.inputs)[0]!;
              const backends = group.backends(first, { time_s: job.time_s, firstSample: from });
              for (const [i, chip] of sound.entries()) {
                const read = readChip({ model: own, outputs }, job, batch, backends[i]!, sums[chip - job.from]!, {
                  chip,
                  from,
                });
                if (typeof read === "string") {
                  broken = read;
                  sound = sound.slice(0, i);
                  return;
                }
                sums[chip - job.from] = read;
              }
            });
          }
          if (isDetailed(job.chip))
            layers = group.chips.reduce((all, one) => addLayers(all, one.counts()), layers ?? {});
        },
        shared,
      );
      if (broken !== undefined) break;
    }
  } catch (error) {
    if (!(error instanceof BrokenClean)) throw error;
    broken = error.message;
  }
  return { from: job.from, sums, layers, broken: broken ?? withoutPower(outputs, sums[0] ?? []) };
}

/** Returns a function that makes the calibration samples in the current scope: the first ones. */
export function calibrationInputs(
  { inputs, count, fixedBatch }: Pick<DeviationParts, "inputs" | "count" | "fixedBatch">,
  { calibrationSamples = 1 }: Pick<DeviationJob, "calibrationSamples">,
): () => Readonly<Record<string, Tensor>> {
  const length = fixedBatch ?? Math.min(calibrationSamples, count);
  return () =>
    gatherInputs(
      inputs,
      Uint32Array.from({ length }, (_, i) => Math.min(i, count - 1)),
    );
}

/** Describes the first output that is zero everywhere on the clean network; undefined if there is none. */
function withoutPower(outputs: readonly BoundOutput[], sums: readonly DeviationSums[]): string | undefined {
  const zero = outputs.find((_, i) => sums[i]?.cleanPower === 0);
  return (
    zero &&
    `output ${inWords(zero.name)}: expected values other than 0 from the digital network to compare with, got 0 everywhere; name another output, or compare logits if a softmax or sigmoid is saturated`
  );
}

/** Returns a function that gives the samples [from, to): a cached batch, or a new one in the current scope if the cache is full. */
function batchOf(state: DeviationState, from: number, to: number): () => Batch {
  const cached = state.cached.get(from);
  if (cached) return () => cached;
  const make = () => makeBatch(state, from, to);
  // All batches but the last have the size of the first, so its size decides how many are kept.
  const [first] = state.cached.values();
  if (first !== undefined && (state.cached.size + 1) * bytesOf(first) > cacheBytes) return make;
  const kept = make();
  state.cached.set(from, kept);
  return () => kept;
}

const bytesOf = ({ inputs, clean }: Batch): number =>
  4 *
  (Object.values(inputs).reduce((sum, { size }) => sum + size, 0) +
    clean.reduce((sum, { values }) => sum + values.length, 0));

/** Gathers samples and runs the clean network on them. If the network's batch is fixed and larger, the last sample is repeated to fill it. */
function makeBatch(state: DeviationState, from: number, to: number): Batch {
  const { clean, inputs: plans, outputs, fixedBatch } = state;
  const indices = Uint32Array.from({ length: fixedBatch ?? to - from }, (_, i) => Math.min(from + i, to - 1));
  const inputs = gatherInputs(plans, indices);
  const read = scope(() => {
    const results = noGrad(() => run(clean, inputs, { outputs: outputs.map(({ value }) => value) }).outputs);
    return outputs.map((output): CleanOutput => {
      const { shape } = results.get(output.value)!;
      const all = results.get(output.value)!.floats();
      const size = output.hasRows ? all.length / indices.length : all.length;
      const values = all.slice(0, output.hasRows ? (to - from) * size : all.length);
      const broken = notFinite(output, values, size, { from, who: "digital network", advice: checks });
      if (broken !== undefined) throw new BrokenClean(broken);
      return { values, shape, size };
    });
  });
  return { inputs, clean: read };
}

/** Where outputs come from, for errors. */
interface Origin {
  readonly who: string;
  /** First sample of the batch. */
  readonly from: number;
  readonly advice: string;
}

/** Describes the first value that isn't finite; undefined if there is none. */
function notFinite(
  { name }: BoundOutput,
  values: Float32Array,
  size: number,
  { who, from, advice }: Origin,
): string | undefined {
  const at = firstNotFinite(values);
  if (at < 0) return undefined;
  return `${who}: expected finite outputs, got ${values[at]} in ${inWords(name)} for sample ${from + Math.floor(at / size)}; ${advice}`;
}

/** Runs one batch on one chip. Returns the chip's sums with its samples, or why its outputs can't be compared. */
function readChip(
  { model, outputs }: Pick<DeviationState, "model" | "outputs">,
  { chip: { sigma }, strict }: DeviationJob,
  { inputs, clean }: Batch,
  backend: ArrayBackend,
  sums: readonly DeviationSums[],
  { chip, from }: { readonly chip: number; readonly from: number },
): DeviationSums[] | string {
  // All chips of a batch run in one scope: the first layer's outputs are computed for all of them.
  const names = outputs.map(({ value }) => value);
  const read = noGrad(() => run(model, inputs, { backend, outputs: names }).outputs);
  const added: DeviationSums[] = [];
  for (const [i, output] of outputs.entries()) {
    const tensor = read.get(output.value)!;
    const { values: expected, shape, size } = clean[i]!;
    if (tensor.shape.join() !== shape.join()) {
      return `output ${inWords(output.name)}: expected a shape that doesn't depend on weights, got [${shape.join(", ")}] from the digital network and [${tensor.shape.join(", ")}] from chip ${chip} at σ ${sigma}; name another output`;
    }
    const values = tensor.floats().subarray(0, expected.length);
    const broken = strict
      ? notFinite(output, values, size, { who: `chip ${chip} at σ ${sigma}`, from, advice: "try a lower sigma" })
      : undefined;
    if (broken !== undefined) return broken;
    added.push(addSamples(sums[i]!, values, expected, size, shape.at(-1) ?? 1));
  }
  return added;
}
