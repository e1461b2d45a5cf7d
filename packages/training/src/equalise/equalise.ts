import type { BoundSamples, SampledInputs } from "@neft/evaluation";
import { type Model, trialShapes } from "@neft/model";
import { inWords } from "@neft/options";
import { absorbingParameters, applyFactors, positionsIn } from "./apply.js";
import { type Change, largestChange, referenceOutputs } from "./comparison.js";
import { freeFactors } from "./follow.js";
import { alikeSensitivities, factorsFromWeights } from "./from-weights.js";
import { inTurns } from "./in-turns.js";
import { layersOf } from "./layers.js";
import { firstOrderVariance, mostSteps } from "./minimise.js";
import { type Problem, problemOf } from "./problem.js";
import {
  type Admit,
  type Choice,
  type EqualiseMethod,
  type MeasuredDistance,
  type SearchParts,
  searchFactors,
} from "./search.js";
import type { EqualiseSettings, ResolvedEqualiseSettings } from "./settings.js";
import { type AreaReport, areaWork, useArea } from "./use-area.js";

/** Progress of `equalise`: steps so far, and in all. With samples these are batches read, without them passes over the weights. */
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
   * Variance of the outputs to first order in the variation, after / before. Without samples, all weights count alike, and it is
   * at most 1. With samples they count by their sensitivities, measured at σ on the given network: since factors are then chosen by
   * `distance`, it may be above 1.
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

/** A gain in variance below this isn't worth a change. Second calls find less. */
const leastGain = 0.1;
/** Most rounds of the choice without samples. Networks need two, but for those whose outputs round too much. */
const mostRounds = 10;
/**
 * Largest change of an output by rounding with other factors than powers of 2. In our measurements, outputs of our kernels round up to
 * 1.75 times as much as onnxruntime's, which are to stay within 1e-5.
 */
const roundingLimit = 1.75e-5;
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
  const changes = new Map<Float64Array, Change | undefined>();
  /** Writes the weights for factors, and tells what they change. */
  const changeBy = (factors: Float64Array): Change | undefined => {
    apply(factors);
    if (!changes.has(factors)) changes.set(factors, largestChange(clean, read()));
    return changes.get(factors);
  };
  const needsPowers = layers.some(({ parameter }) => isCoarse(stored?.get(parameter) ?? ""));
  /**
   * The factors, or powers of 2 in their place: these change no digit of a product, so that only batch norms, which add
   * epsilon, still round. They are taken where the others gain little more, where these would round too much, and
   * where nothing tells how much.
   */
  const admit: Admit = (factors, sensitivities) => {
    const powers = factors.map(nearestPowerOf2);
    const [least, ofPowers] = [factors, powers].map((all) => firstOrderVariance(problem, sensitivities, all));
    if (needsPowers || least! > (1 - leastGain / 2) * ofPowers!) return powers;
    const change = changeBy(factors);
    return change !== undefined && change.outputs <= roundingLimit && change.relative <= mostChange ? factors : powers;
  };
  let isDone = false;
  const later = settings.area > 1 && bound ? areaWork : 0;
  let progress: EqualiseProgress = { done: 0, total: later };
  const report = (done: number, total: number): void => {
    // Sweeps before the first step, and repeated steps, don't count.
    if (done <= progress.done) return;
    progress = { done, total: total + later };
    onProgress?.(progress);
  };
  try {
    const search = bound && { problem, layers, bound, settings, apply, admit, signal, onProgress: report };
    const chosen = await chooseFactors(problem, admit, signal, report, search);
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
  admit: Admit,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
  search: SearchParts | undefined,
): Promise<Choice> {
  const none = new Float64Array(problem.count).fill(1);
  if (problem.count === 0) return { factors: none, method: "none", variance: 1 };
  const onStep = search ? undefined : (done: number) => onProgress(done, mostSteps);
  let found: Float64Array = await inTurns(factorsFromWeights(problem, none), signal, onStep);
  if (search) return searchFactors(search, found, alikeSensitivities(problem, found));
  // Each round is what another call would do, so that it changes nothing more.
  let [factors, variance]: [Float64Array, number] = [none, 1];
  for (let round = 0; round < mostRounds; round++) {
    const alike = alikeSensitivities(problem, found);
    const before = firstOrderVariance(problem, alike, factors);
    const gains = (others: Float64Array) => firstOrderVariance(problem, alike, others) < (1 - leastGain) * before;
    const next = gains(found) ? admit(found, alike) : factors;
    if (!gains(next)) break;
    variance *= firstOrderVariance(problem, alike, next) / before;
    factors = next;
    found = await inTurns(factorsFromWeights(problem, factors), signal);
  }
  return { factors, method: factors === none ? "none" : "balanced", variance };
}

/** max|w| over the root mean square; 0 for zeros. */
function rangeOf(values: Float32Array): number {
  let [largest, square] = [0, 0];
  for (const value of values) {
    if (Math.abs(value) > largest) largest = Math.abs(value);
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
