import type { BoundSamples, SampledInputs } from "@neft/evaluation";
import { type Model, trialShapes } from "@neft/model";
import { inWords } from "@neft/options";
import { absorbingParameters, applyFactors, positionsIn } from "./apply.js";
import { balance } from "./balance.js";
import { type Change, largestChange, referenceOutputs } from "./comparison.js";
import { freeFactors } from "./follow.js";
import { type Layer, layersOf } from "./layers.js";
import { minimise, type Sensitivities, varianceRatio } from "./minimise.js";
import { multipliers, type Problem, problemOf } from "./problem.js";
import { type Admit, type Choice, type EqualiseMethod, type MeasuredDistance, searchFactors } from "./search.js";
import type { EqualiseSettings, ResolvedEqualiseSettings } from "./settings.js";
import { type AreaReport, areaWork, useArea } from "./use-area.js";

/** Progress of `equalise`: batches read so far, and in all. */
export interface EqualiseProgress {
  readonly done: number;
  readonly total: number;
}

export interface EqualiseOptions extends EqualiseSettings {
  /** The model to change, in place. */
  readonly model: Model;
  /** Samples of all inputs; labels aren't read. Default: none, which gives the balanced factors. */
  readonly inputs?: SampledInputs | undefined;
  /** Whether to leave the model as it is. Default: false. */
  readonly dryRun?: boolean | undefined;
  /**
   * ONNX's names of the types that a file has for parameters, by name. Codes don't change; float16 and bfloat16 get powers
   * of 2. Default: floats for all.
   */
  readonly stored?: ReadonlyMap<string, string> | undefined;
  readonly onProgress?: ((progress: EqualiseProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A weight on a crossbar, before and after. */
export interface EqualisedLayer {
  readonly node: string;
  readonly parameter: string;
  /** max|W| divided by the root mean square of W: the noise of a product relative to its outputs goes with it. */
  readonly range: { readonly before: number; readonly after: number };
  /** What keeps the scale of its outputs: a node, or an output of the network. Undefined if they have free factors. */
  readonly fixedBy?: string;
}

/** Result of `equalise`. */
export interface EqualiseResult {
  /**
   * The factors that the weights have: "balanced", from the weights alone; "convex", the minimum for measured
   * sensitivities; "descent" from there; "mean" of these; "none" if none of them helps.
   */
  readonly method: EqualiseMethod;
  readonly layers: readonly EqualisedLayer[];
  /** Number of free factors. */
  readonly factors: number;
  /**
   * Variance of the outputs to first order in the variation, after / before. Without samples, all weights count alike;
   * with samples, by their sensitivities at σ. The choice between factors is by `distance`.
   */
  readonly variance: number;
  /** With samples: the distance of chips at σ from the clean network, on samples held out. */
  readonly distance?: MeasuredDistance;
  /**
   * Largest |y′ − y|/max(1, |y|) of the floating-point outputs without variation, by rounding: on samples, and on random
   * inputs if the network can run on them. Null if there was nothing to compare.
   */
  readonly change: number | null;
  /** With an area above 1: what it is used for. */
  readonly area?: AreaReport;
  /**
   * With an area above 1, and without `dryRun`: the rescaled network with outputs of weights written several times. It is a new
   * model with its own tensors, which the caller disposes; the given model is only rescaled. Undefined if no output is worth it.
   */
  readonly wide?: Model;
  readonly settings: ResolvedEqualiseSettings;
  /** Possible causes of unexpected results, one sentence each. */
  readonly warnings: readonly string[];
}

/** Share of the gain in variance for which factors may be powers of 2. */
const keptByPowers = 0.75;
/** Largest change of an output by rounding with other factors. Our kernels round some outputs more than others' do. */
const roundingLimit = 2e-5;
/** Largest change of an output, relative to the largest of all, that rounding explains. */
const mostChange = 1e-3;

/** The power of 2 with the smallest ratio to a positive number. */
function nearestPowerOf2(value: number): number {
  let power = 1;
  while (power * Math.SQRT2 < value) power *= 2;
  while (power > value * Math.SQRT2) power /= 2;
  return power;
}

/** Does what `equalise` is for, once the model is held and its samples are bound. */
export async function equaliseBound(
  { model, dryRun, stored, onProgress, signal }: EqualiseOptions,
  bound: BoundSamples | undefined,
  settings: ResolvedEqualiseSettings,
  bind: (model: Model) => BoundSamples | undefined,
): Promise<EqualiseResult> {
  // The bound model may lack outputs, and inputs that are the same for all samples.
  const shapes = trialShapes(model);
  const free = freeFactors(model, shapes, stored && unchangeable(stored));
  const layers = layersOf(free, positionsIn(model));
  const weights = () => layers.map(({ parameter }) => model.parameters.get(parameter)!.floats());
  const before = weights();
  for (const [i, values] of before.entries()) checkFinite(layers[i]!.parameter, values);
  const problem = problemOf(free, layers, before);
  const original = absorbingParameters(model, free);
  const apply = (factors: Float64Array): void => applyFactors(model, free, problem, factors, original);
  const none = new Float64Array(problem.count).fill(1);
  const read = () => referenceOutputs(model, bound, shapes[0]!, settings.seed);
  const clean = read();
  const changeBy = (factors: Float64Array): Change | undefined => {
    apply(factors);
    return largestChange(clean, read());
  };
  const needsPowers = layers.some(({ parameter }) => isCoarse(stored?.get(parameter) ?? ""));
  /**
   * The factors, or powers of 2 in their place: these change no digit of a product, so that only batch norms, which add
   * epsilon, still round. They are taken where they keep most of the gain, where the others would round too much, and
   * where nothing tells how much.
   */
  const admit: Admit = (factors, sensitivities) => {
    const powers = factors.map(nearestPowerOf2);
    const [gain, gainOfPowers] = [factors, powers].map((all) => 1 - varianceRatio(problem, sensitivities, all));
    if (needsPowers || gainOfPowers! >= keptByPowers * gain!) return powers;
    const change = changeBy(factors);
    return change !== undefined && change.outputs <= roundingLimit && change.relative <= mostChange ? factors : powers;
  };
  let isDone = false;
  const later = settings.area > 1 && bound ? areaWork : 0;
  let progress: EqualiseProgress = { done: 0, total: later };
  try {
    const search = bound && { problem, layers, bound, settings, apply, admit, signal };
    const chosen = await chooseFactors(
      problem,
      layers,
      before,
      admit,
      search && {
        ...search,
        onProgress: (done, total) => {
          progress = { done, total: total + later };
          onProgress?.(progress);
        },
      },
    );
    const change = changeBy(chosen.factors);
    if (change !== undefined && !(change.relative <= mostChange)) {
      throw new Error(
        `model ${inWords(model.name)}: expected the same outputs after rescaling, got a relative change of ${change.relative}; the weights stay as they were`,
      );
    }
    const after = weights();
    const { done, total } = progress;
    const used =
      settings.area > 1
        ? await useArea({
            model,
            shapes: shapes[0]!,
            layers,
            settings,
            bound,
            bind,
            isWanted: dryRun !== true,
            signal,
            onProgress: (more) => onProgress?.({ done: done + more, total }),
          })
        : undefined;
    if (signal?.aborted) used?.wide?.dispose();
    signal?.throwIfAborted();
    isDone = dryRun !== true;
    const { method, variance, distance } = chosen;
    return {
      method,
      layers: layers.map(({ node, parameter }, i) => {
        const fixedBy = free.ends.get(node.name);
        const range = { before: rangeOf(before[i]!), after: rangeOf(after[i]!) };
        return { node: node.name, parameter, range, ...(fixedBy !== undefined && { fixedBy }) };
      }),
      factors: problem.count,
      variance,
      ...(distance && { distance }),
      change: change?.outputs ?? null,
      ...used,
      settings,
      warnings: bound?.warnings ?? [],
    };
  } finally {
    if (!isDone) apply(none);
  }
}

/** Why parameters can't change: any other value would be rounded to a code. */
function unchangeable(stored: ReadonlyMap<string, string>): Map<string, string> {
  const codes = [...stored].filter(([, type]) => !type.includes("FLOAT") && type !== "DOUBLE");
  return new Map(codes.map(([name, type]) => [name, `the parameter ${inWords(name)}, which the file has as ${type}`]));
}

/** Whether a parameter is stored with fewer digits than a factor needs. */
const isCoarse = (type: string): boolean => type === "FLOAT16" || type === "BFLOAT16";

async function chooseFactors(
  problem: Problem,
  layers: readonly Layer[],
  weights: readonly Float32Array[],
  admit: Admit,
  search: Parameters<typeof searchFactors>[0] | undefined,
): Promise<Choice> {
  const none = new Float64Array(problem.count).fill(1);
  if (problem.count === 0) return { factors: none, method: "none", variance: 1 };
  const balanced = balancedFactors(problem, layers, weights);
  if (search) return searchFactors(search, balanced.factors, balanced.sensitivities);
  const factors = admit(balanced.factors, balanced.sensitivities);
  const variance = varianceRatio(problem, balanced.sensitivities, factors);
  return variance < 1 - leastGain
    ? { factors, method: "balanced", variance }
    : { factors: none, method: "none", variance: 1 };
}

/** A gain in variance below this isn't worth a change. Most second calls find less. */
const leastGain = 0.1;

/**
 * Factors from the weights alone: the geometric means of those that balance the channels' ranges and of those that
 * minimise the variance if all inputs and outputs of a balanced weight count alike. In logarithms the variance is
 * convex, so their mean does no worse than the two on average, whatever the sensitivities are.
 */
function balancedFactors(
  problem: Problem,
  layers: readonly Layer[],
  weights: readonly Float32Array[],
): { readonly factors: Float64Array; readonly sensitivities: Sensitivities } {
  const balanced = balance(problem);
  const least = minimise(problem, alikeSensitivities(problem, layers, weights, balanced));
  const factors = balanced.map((factor, i) => Math.sqrt(factor * least[i]!));
  return { factors, sensitivities: alikeSensitivities(problem, layers, weights, factors) };
}

/** Sensitivities without samples: with the given factors, the variance of a weight counts relative to its power. */
function alikeSensitivities(
  { terms }: Problem,
  layers: readonly Layer[],
  weights: readonly Float32Array[],
  factors: Float64Array,
): Sensitivities {
  return layers.map(({ groups }, i) => {
    const all = multipliers(terms[i]!, factors);
    const counts = new Float64Array(all.length);
    let power = 0;
    const values = weights[i]!;
    for (let j = 0; j < groups.length; j++) {
      const scaled = values[j]! * all[groups[j]!]!;
      power += scaled * scaled;
      counts[groups[j]!]!++;
    }
    return power > 0 ? counts.map((count, g) => (count * all[g]! * all[g]!) / power) : counts.fill(0);
  });
}

/** max|w| over the root mean square; 0 for zeros. */
function rangeOf(values: Float32Array): number {
  let [largest, square] = [0, 0];
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
    square += value * value;
  }
  return square === 0 ? 0 : largest / Math.sqrt(square / values.length);
}

function checkFinite(parameter: string, values: Float32Array): void {
  if (values.every(Number.isFinite)) return;
  throw new RangeError(
    `parameter ${inWords(parameter)}: expected finite weights, got NaN or infinite ones; no device can hold them`,
  );
}
