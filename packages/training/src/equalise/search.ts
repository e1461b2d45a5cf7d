import { chipOf } from "@neft/crossbar";
import type { BoundSamples } from "@neft/evaluation";
import { exp, log, permutation, scope, stream, tensor } from "@neft/tensor";
import { eachInTurn } from "@neft/work";
import { purposes } from "../streams.js";
import { Descent } from "./descent.js";
import { inTurns } from "./in-turns.js";
import type { Layer } from "./layers.js";
import { distanceOf, type MeasuredNetwork, powersOf, sensitivityGradients, variationGradients } from "./measured.js";
import { minimise, type Sensitivities, varianceRatio } from "./minimise.js";
import { addSlopes, largestOf, multipliers, type Problem, slotValues } from "./problem.js";
import type { ResolvedEqualiseSettings } from "./settings.js";

/** Where the factors that were kept come from. */
export type EqualiseMethod = "none" | "balanced" | "convex" | "descent" | "mean";

/** Distance of chips from the clean network, on samples held out. */
export interface MeasuredDistance {
  readonly before: number;
  readonly after: number;
  readonly chips: number;
  readonly samples: number;
}

/** Factors, and what they do to the variance of the outputs to first order: after / before. */
export interface Choice {
  readonly factors: Float64Array;
  readonly method: EqualiseMethod;
  readonly variance: number;
  readonly distance?: MeasuredDistance;
}

/** The factors, or others near to them that round less. */
export type Admit = (factors: Float64Array, sensitivities: Sensitivities) => Float64Array;

/** What measurements read. */
export interface MeasuredParts {
  readonly layers: readonly Pick<Layer, "parameter">[];
  readonly bound: BoundSamples;
  readonly settings: ResolvedEqualiseSettings;
}

/** What a search reads and changes. */
export interface SearchParts extends MeasuredParts {
  readonly problem: Problem;
  readonly layers: readonly Layer[];
  /** Writes the weights for factors. */
  apply(factors: Float64Array): void;
  readonly admit: Admit;
  readonly signal: AbortSignal | undefined;
  onProgress(done: number, total: number): void;
}

/** Batches whose chips give the sensitivities at one σ. */
export const sensitivityBatches = 32;
/** Chips and batches by which factors are compared. */
export const compared = { chips: 16, batches: 4 };
/** Chips of one step of the descent, each for a part of the samples. */
const chipsOfStep = 4;
/** Largest first step of the descent, as a change of a factor's logarithm. */
const descentRate = 0.02;
/** Number of doublings of the p of the p-norm whose gradient stands for that of a maximum. */
const descentDoublings = 6;

/** A gain below this share isn't worth a change. Most second calls find less. */
const leastGain = 0.05;

/** Numbers of chips: no two purposes share one. */
export const chipsFrom = { compared: 0, sensitivities: 1000, copies: 2000, descent: 100_000 };

/**
 * Chooses factors by measurements: among 1, the given ones, those that minimise the variance for the sensitivities at 0,
 * σ/2 and σ, those that descent reaches from the best of these, and the mean of the measured ones, those with the
 * smallest distance on samples held out.
 */
export async function searchFactors(parts: SearchParts, balanced: Float64Array, alike: Sensitivities): Promise<Choice> {
  const { problem, settings, bound, layers } = parts;
  const { sigma, steps } = settings;
  const none = new Float64Array(problem.count).fill(1);
  const batches = batchesOf(bound, settings);
  const network = { ...networkOf(parts), powers: powersOf(networkOf(parts), batches.held) };
  const sigmas = [...new Set([0, sigma / 2, sigma])];
  const descends = steps > 0 && sigma > 0;
  const perComparison = compared.chips * batches.held.length;
  const total =
    (3 + sigmas.length + Number(descends)) * perComparison +
    sigmas.length * sensitivityBatches +
    (descends ? steps : 0);
  let done = 0;
  const each: Each = (jobs, perform) => {
    const performOne = (job: (typeof jobs)[number]): void => {
      perform(job);
      parts.onProgress(++done, total);
    };
    return eachInTurn(jobs, performOne, parts.signal);
  };

  const candidates: { method: EqualiseMethod; given: Float64Array; factors: Float64Array; distance: number }[] = [];
  let sensitivities = alike;
  const consider = async (method: EqualiseMethod, given: Float64Array): Promise<void> => {
    const factors = method === "none" ? given : parts.admit(given, sensitivities);
    parts.apply(factors);
    let sum = 0;
    const jobs = Array.from({ length: perComparison }, (_, i) => i);
    await each(jobs, (i) => {
      const index = chipsFrom.compared + Math.floor(i / batches.held.length);
      sum += distanceOf(network, { sigma, index }, batches.held[i % batches.held.length]!);
    });
    candidates.push({ method, given, factors, distance: sum / perComparison });
  };
  const best = () => candidates.reduce((a, b) => (b.distance < a.distance ? b : a));

  await consider("none", none);
  await consider("balanced", balanced);
  for (const at of sigmas) {
    parts.apply(none);
    const sums = layers.map(({ up }) => new Float64Array(up.length));
    const jobs = Array.from({ length: sensitivityBatches }, (_, i) => i);
    await each(jobs, (i) => {
      const draw = { sigma: at, index: chipsFrom.sensitivities + i };
      addSquares(sums, layers, sensitivityGradients(network, draw, batches.fitted(i)));
    });
    sensitivities = sums;
    await consider("convex", await inTurns(minimise(problem, sensitivities, { factors: balanced }), parts.signal));
  }
  if (descends) await consider("descent", await descend(parts, network, batches, best().factors, each));
  // The solutions differ by the draws that they were found with. The variance is convex in the logarithms of the factors, so it is lower between them.
  const found = candidates.filter(({ method }) => method === "convex" || method === "descent");
  await consider("mean", meanOf(found.map(({ given }) => given)));
  const [first] = candidates as [(typeof candidates)[number]];
  const kept = best().distance < (1 - leastGain) * first.distance ? best() : first;
  const samples = batches.held.reduce((sum, { length }) => sum + length, 0);
  return {
    method: kept.method,
    factors: kept.factors,
    variance: varianceRatio(problem, sensitivities, kept.factors),
    distance: { before: first.distance, after: kept.distance, chips: compared.chips, samples },
  };
}

/** Runs jobs one after the other, with progress. */
type Each = <Job>(jobs: readonly Job[], perform: (job: Job) => void) => Promise<void>;

/** Descent on the distance of chips from the clean network. @returns the geometric mean of the factors after the second half of the steps. */
async function descend(
  parts: SearchParts,
  network: MeasuredNetwork,
  batches: Batches,
  from: Float64Array,
  each: Each,
): Promise<Float64Array> {
  const { steps, sigma } = parts.settings;
  const factors = from.slice();
  const descent = new Descent(factors);
  const gradient = new Float64Array(factors.length);
  const later: Float64Array[] = [];
  await each(
    Array.from({ length: steps }, (_, i) => i),
    (step) => {
      parts.apply(factors);
      gradient.fill(0);
      for (const [i, samples] of chipsOf(parts.bound, batches.fitted(sensitivityBatches + step)).entries()) {
        const draw = { sigma, index: chipsFrom.descent + step * chipsOfStep + i };
        const products = variationGradients(network, draw, samples);
        for (const [k, product] of products.entries()) addVariationSlopes(parts, k, product, factors, gradient);
      }
      descent.step(gradient, descentRate * (1 - step / steps));
      if (step >= steps / 2) later.push(factors.slice());
    },
  );
  return meanOf(later);
}

/** The geometric mean of each factor. Its logarithms are those of the kernels, which are the same on any machine. */
function meanOf(all: readonly Float64Array[]): Float64Array {
  return scope(() => {
    const sums = new Float64Array(all[0]!.length);
    for (const factors of all) {
      const logarithms = log(tensor(Float32Array.from(factors), [factors.length])).floats();
      for (let i = 0; i < sums.length; i++) sums[i]! += logarithms[i]!;
    }
    const means = Float32Array.from(sums, (sum) => sum / all.length);
    return Float64Array.from(exp(tensor(means, [means.length])).floats());
  });
}

export function networkOf({ bound, settings, layers }: MeasuredParts): MeasuredNetwork {
  const { device, weightBits, bitsPerCell, sigma, seed, distance } = settings;
  return {
    model: bound.model,
    inputs: bound.inputs,
    outputs: bound.outputs.map(({ value }) => value),
    distance,
    powers: [],
    weights: layers.map(({ parameter }) => parameter),
    chip: chipOf({ device, weightBits, bitsPerCell, chip: undefined, perSample: false }, sigma),
    seed,
  };
}

/** The samples of a step in equal parts, one for each of its chips; one part for a network with a fixed batch. */
function chipsOf({ fixed }: BoundSamples, indices: Uint32Array): Uint32Array[] {
  const size = fixed ? indices.length : Math.max(1, Math.ceil(indices.length / chipsOfStep));
  return Array.from({ length: Math.ceil(indices.length / size) }, (_, i) => indices.slice(i * size, (i + 1) * size));
}

/** Batches to compare factors on, and others to choose them by. */
interface Batches {
  readonly held: readonly Uint32Array[];
  fitted(i: number): Uint32Array;
}

/** Few samples serve for both. */
export function batchesOf({ count, fixed }: BoundSamples, { batch, seed }: ResolvedEqualiseSettings): Batches {
  const size = fixed?.batch ?? Math.min(batch, count);
  const order = permutation(stream(seed, { purpose: purposes.equaliseSamples }), count);
  const at = (from: Uint32Array, i: number): Uint32Array =>
    Uint32Array.from({ length: size }, (_, j) => from[(i * size + j) % from.length]!);
  const most = Math.floor(count / 2 / size);
  if (most === 0) return { held: [at(order, 0)], fitted: (i) => at(order, i) };
  const held = Math.min(compared.batches, most);
  const rest = order.slice(held * size);
  return { held: Array.from({ length: held }, (_, i) => at(order, i)), fitted: (i) => at(rest, i) };
}

function addSquares(sums: readonly Float64Array[], layers: readonly Layer[], gradients: readonly Float32Array[]): void {
  for (const [k, gradient] of gradients.entries()) {
    const [own, { groups }] = [sums[k]!, layers[k]!];
    for (let j = 0; j < gradient.length; j++) own[groups[j]!]! += gradient[j]! * gradient[j]!;
  }
}

/**
 * Adds the slopes of a weight's variation by ln of the factors: its size is proportional to S, and its effect to 1/e.
 *
 * @param product  ∂L/∂W·ΔW of each element.
 */
function addVariationSlopes(
  { layers, problem }: SearchParts,
  k: number,
  product: Float32Array,
  factors: Float64Array,
  gradient: Float64Array,
): void {
  const { groups } = layers[k]!;
  const term = problem.terms[k]!;
  const all = multipliers(term, slotValues(factors));
  const full = largestOf(term, all);
  if (full === 0) return;
  const slopes = new Float64Array(all.length);
  let sum = 0;
  for (let j = 0; j < product.length; j++) {
    slopes[groups[j]!]! -= product[j]!;
    sum += product[j]!;
  }
  const shares = all.map((multiplier, g) => {
    let share = (term.largest[g]! * multiplier) / full;
    for (let d = 0; d < descentDoublings; d++) share *= share;
    return share;
  });
  const norm = shares.reduce((total, share) => total + share, 0);
  const own = new Float64Array(term.slots.length);
  for (let g = 0; g < slopes.length; g++) {
    const slope = slopes[g]! + (sum * shares[g]!) / norm;
    own[term.first[g]!]! += slope;
    own[term.second[g]!]! += slope;
  }
  addSlopes(term, own, gradient);
}
