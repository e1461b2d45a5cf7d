import { programmingVariation, type WeightProgramming } from "@neft/crossbar";
import { arrayNodes, type Model } from "@neft/model";
import type { Copies, Widenable } from "./widening.js";

/**
 * Which outputs of which weights are written several times, and what that does.
 *
 * Cells are what it costs, because they are what a chip has to have more of. Reads cost as much more, and the digital part one
 * addition and one multiplication per output of a layer with copies.
 */
export interface AreaPlan {
  readonly copies: Copies;
  /** Cells of all weights on crossbars, relative to those without further copies. */
  readonly area: number;
  /** Variance of the network's outputs to first order in the variation, relative to that without further copies. */
  readonly variance: number;
}

/** A weight, and the variance of the network's outputs that each of its elements adds. */
export interface ElementVariances {
  readonly parameter: string;
  readonly variances: Float64Array;
}

/** Most copies of one output. Another doubling halves what is an eighth already. */
const mostCopies = 8;

/** A doubling of the copies of one output. */
interface Step {
  readonly place: Widenable;
  readonly output: number;
  /** Copies before. */
  readonly count: number;
  /** What it takes off the variance. */
  readonly gain: number;
  /** Cells. */
  readonly cost: number;
}

/**
 * Chooses the outputs to write several times: the steps that take most off the variance per cell, as long as cells are
 * left.
 *
 * To first order, the variance of the outputs is a sum over weights, and the mean of n copies of an output of a product has 1/n
 * of its part. So twice the copies of an output with variance v and a cells take v/2n off for n·a cells. Each
 * further doubling of an output takes off a quarter as much per cell, so taking the best steps first keeps their order.
 *
 * Further copies can't lower S = max|W|, because they have the same values, and neither can writing an input twice with half of each
 * weight, unless it does so for all inputs with weights above S/2: then it is S that halves. Without that, the two halves
 * have twice the variance of one weight. With it, the variance is (1 + p)/4 of before for a share p of the inputs, so it
 * would help weights with few large inputs. Equalised weights have none: the share above S/2 is nearly 1, and
 * both ways give one half for twice the cells.
 *
 * @param elements  Of all weights on crossbars that reach the outputs.
 * @param cells  Number of cells of all weights on crossbars.
 * @param area  Cells allowed, relative to `cells`.
 */
export function planCopies(
  places: readonly Widenable[],
  elements: readonly ElementVariances[],
  cells: number,
  area: number,
): AreaPlan {
  const placeOf = new Map(places.map((place) => [place.parameter, place]));
  let total = 0;
  const steps: Step[] = [];
  for (const { parameter, variances } of elements) {
    for (const variance of variances) total += variance;
    const place = placeOf.get(parameter);
    if (!place) continue;
    for (const [output, variance] of sumByOutput(place, variances).entries()) {
      for (let count = 1; count < mostCopies; count *= 2)
        steps.push({ place, output, count, gain: variance / (2 * count), cost: count * place.cells });
    }
  }
  const worth = ({ gain, cost }: Step) => gain / cost;
  steps.sort((a, b) => worth(b) - worth(a));
  const copies = new Map<string, Int32Array>();
  let left = Math.floor((area - 1) * cells);
  let [used, gained] = [0, 0];
  for (const { place, output, count, gain, cost } of steps) {
    if (cost > left || !(gain > 0)) continue;
    const counts = copies.get(place.parameter) ?? new Int32Array(place.outputs).fill(1);
    copies.set(place.parameter, counts);
    counts[output] = 2 * count;
    left -= cost;
    used += cost;
    gained += gain;
  }
  return { copies, area: 1 + used / cells, variance: total > 0 ? 1 - gained / total : 1 };
}

/** Sums of a weight's elements over all but the outputs' axis. */
function sumByOutput({ inner, outputs }: Widenable, values: Float64Array): Float64Array {
  const sums = new Float64Array(outputs);
  for (let i = 0; i < values.length; i++) sums[Math.floor(i / inner) % outputs]! += values[i]!;
  return sums;
}

/** Number of cells of all weights on crossbars, one for each element. */
export function cellsOf(model: Model): number {
  const weights = new Set(arrayNodes(model).map(({ weight }) => weight));
  return [...weights].reduce((sum, name) => sum + model.parameters.get(name)!.size, 0);
}

/**
 * The variance that each element adds to the outputs: that of its programming times its squared sensitivity.
 *
 * @param squares  Squared sensitivity of the outputs to each element, or one for all.
 */
export function elementVariances(
  values: Float32Array,
  squares: Float64Array | number,
  settings: WeightProgramming,
): Float64Array {
  const full = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const { sigmaOuter, sigmaMid } = programmingVariation(settings, full);
  return Float64Array.from(values, (value, i) => {
    const level = Math.abs(value) / full;
    const sigma = level > 0.25 && level < 0.75 ? sigmaMid : sigmaOuter;
    return sigma * sigma * (typeof squares === "number" ? squares : squares[i]!);
  });
}
