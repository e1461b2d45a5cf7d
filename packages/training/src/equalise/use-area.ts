import type { BoundSamples } from "@neft/evaluation";
import type { KnownValue, Model } from "@neft/model";
import { inWords } from "@neft/options";
import { eachInTurn } from "@neft/work";
import { cellsOf, type ElementVariances, elementVariances, planCopies } from "./area.js";
import { largestChange, referenceOutputs } from "./comparison.js";
import type { Layer } from "./layers.js";
import { distanceOf, powersOf, sensitivityGradients } from "./measured.js";
import {
  batchesOf,
  chipsFrom,
  compared,
  type MeasuredDistance,
  type MeasuredParts,
  networkOf,
  sensitivityBatches,
} from "./search.js";
import type { ResolvedEqualiseSettings } from "./settings.js";
import { type Copies, type Widenable, widen, widenable } from "./widening.js";

/** A weight with outputs that are written several times. */
export interface WidenedLayer {
  readonly node: string;
  readonly parameter: string;
  /** Number of outputs. */
  readonly outputs: number;
  /** How many of them have further copies. */
  readonly copied: number;
  /** Cells before, and with all copies. */
  readonly cells: { readonly before: number; readonly after: number };
}

/** What an area is used for. */
export interface AreaReport {
  /** Cells of all weights on crossbars, after / before; at most the setting. */
  readonly used: number;
  /** Variance of the outputs to first order in the variation, with / without copies. Without samples, all weights count alike. */
  readonly variance: number;
  readonly layers: readonly WidenedLayer[];
  /** With samples, and without `dryRun`: the distance of chips at σ from the clean network, without and with copies. */
  readonly distance?: MeasuredDistance;
}

/** What `useArea` reads. */
export interface AreaParts {
  /** The rescaled model. */
  readonly model: Model;
  readonly shapes: ReadonlyMap<string, KnownValue>;
  readonly layers: readonly Layer[];
  readonly settings: ResolvedEqualiseSettings;
  readonly bound: BoundSamples | undefined;
  /** Binds another model to the same samples. */
  bind(model: Model): BoundSamples | undefined;
  /** Whether to make the larger model. */
  readonly isWanted: boolean;
  readonly signal: AbortSignal | undefined;
  onProgress(done: number): void;
}

/** Batches that `useArea` reads, at most. */
export const areaWork = sensitivityBatches + 2 * compared.chips * compared.batches;

/**
 * Uses an area for copies of outputs, where they lower the variance most.
 *
 * @returns what it is used for, and the larger model, which the caller disposes.
 */
export async function useArea(parts: AreaParts): Promise<{ readonly area: AreaReport; readonly wide?: Model }> {
  const { model, shapes, settings, isWanted } = parts;
  const places = widenable(model, shapes);
  const elements = await variancesOf(parts);
  const { copies, area: used, variance } = planCopies(places, elements, cellsOf(model), settings.area);
  const area = { used, variance, layers: widenedLayers(places, copies) };
  if (!isWanted || copies.size === 0) return { area };
  const wide = widen(model, places, copies);
  try {
    const distance = await compareWide(parts, wide);
    return { area: { ...area, ...(distance && { distance }) }, wide };
  } catch (error) {
    wide.dispose();
    throw error;
  }
}

function widenedLayers(places: readonly Widenable[], copies: Copies): WidenedLayer[] {
  return places.flatMap(({ node, parameter, outputs, cells }): WidenedLayer[] => {
    const counts = copies.get(parameter);
    if (!counts) return [];
    const all = counts.reduce((sum, count) => sum + count, 0);
    return [
      {
        node: node.name,
        parameter,
        outputs,
        copied: counts.filter((count) => count > 1).length,
        cells: { before: cells * outputs, after: cells * all },
      },
    ];
  });
}

/** The variance that each element of each weight adds to the outputs; without samples, relative to the power of its weight. */
async function variancesOf(parts: AreaParts): Promise<ElementVariances[]> {
  const { model, layers, settings, bound, signal, onProgress } = parts;
  const values = layers.map(({ parameter }) => model.parameters.get(parameter)!.floats());
  let squares: readonly (Float64Array | number)[];
  if (bound) {
    const sums = values.map(({ length }) => new Float64Array(length));
    const { fitted, held } = batchesOf(bound, settings);
    const measured = { layers, bound, settings };
    const network = { ...networkOf(measured), powers: powersOf(networkOf(measured), held) };
    const jobs = Array.from({ length: sensitivityBatches }, (_, i) => i);
    let done = 0;
    const addGradients = (i: number): void => {
      const draw = { sigma: settings.sigma, index: chipsFrom.copies + i };
      for (const [k, gradient] of sensitivityGradients(network, draw, fitted(i)).entries())
        for (let j = 0; j < gradient.length; j++) sums[k]![j]! += gradient[j]! * gradient[j]!;
      onProgress(++done);
    };
    await eachInTurn(jobs, addGradients, signal);
    squares = sums;
  } else {
    squares = values.map((own) => 1 / (own.reduce((sum, value) => sum + value * value, 0) || 1));
  }
  return layers.map(({ parameter }, i) => ({
    parameter,
    variances: elementVariances(values[i]!, squares[i]!, { ...settings, sigma: settings.sigma || 1 }),
  }));
}

/** Largest change of an output that rounding explains at all, as |y′ − y|/max|y|. Copies change the order of no sum. */
const mostChange = 1e-4;

/** Checks that a larger model computes the same, and measures its distance at σ beside the model's. */
async function compareWide(
  { model, layers, settings, shapes, bound, bind, signal, onProgress }: AreaParts,
  wide: Model,
): Promise<MeasuredDistance | undefined> {
  const wideBound = bind(wide);
  try {
    const before = referenceOutputs(model, bound, shapes, settings.seed);
    const after = referenceOutputs(wide, wideBound, shapes, settings.seed);
    const change = largestChange(before, after)?.relative ?? 0;
    if (!(change <= mostChange)) {
      throw new Error(
        `model ${inWords(model.name)}: expected the same outputs with copies, got a relative change of ${change}; the weights stay as they were`,
      );
    }
    if (!bound || !wideBound) return undefined;
    const { held } = batchesOf(bound, settings);
    let done = sensitivityBatches;
    const measure = async (parts: MeasuredParts): Promise<number> => {
      const network = { ...networkOf(parts), powers: powersOf(networkOf(parts), held) };
      const jobs = Array.from({ length: compared.chips * held.length }, (_, i) => i);
      let sum = 0;
      const addDistance = (i: number): void => {
        const index = chipsFrom.compared + Math.floor(i / held.length);
        sum += distanceOf(network, { sigma: settings.sigma, index }, held[i % held.length]!);
        onProgress(++done);
      };
      await eachInTurn(jobs, addDistance, signal);
      return sum / jobs.length;
    };
    const without = await measure({ layers, bound, settings });
    const withCopies = await measure({ layers, bound: wideBound, settings });
    const samples = held.reduce((sum, { length }) => sum + length, 0);
    return { before: without, after: withCopies, chips: compared.chips, samples };
  } finally {
    wideBound?.dispose();
  }
}
