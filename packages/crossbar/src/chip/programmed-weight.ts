import { arrayNodes, type Model } from "@neft/model";
import { inWords } from "@neft/options";
import { maxAbs, persistent, setVaried, stream, type Tensor, type Variation } from "@neft/tensor";
import { driftFactors } from "../compensation/drift.js";
import type { ReadEffect } from "../effects/effect.js";
import type { ChosenEffect } from "../effects/effects.js";
import { recombine } from "../mapping/mapped-weights.js";
import { programmingVariation } from "../programming.js";
import { type BlockElements, cutLayer, type PlanedWeight, type TiledLayer } from "../tile/tiled-layer.js";
import { wiresOf } from "../tile/wires.js";
import { type ChipDraw, type ProgrammedCells, programCells } from "./cells.js";
import { actsAtRead, type ChipSpec } from "./chip-spec.js";
import { planesOf } from "./planes.js";
import type { PlacedProduct, SharedLayers } from "./shared-layers.js";

/** A parameter on a chip, at an age. */
export interface ProgrammedWeight {
  /** Its cells; undefined where whole weights vary. */
  readonly cells: ProgrammedCells | undefined;
  /** The weights that the chip holds, of the parameter's shape; computed when they are first read. */
  readonly effective: Tensor;
  /** Factor of an element's output, which compensates drift. */
  factorOf(element: number): number;
  dispose(): void;
}

/** The variation of a whole weight; undefined when its σ is 0. @throws {RangeError} when a weight isn't finite. */
export function weightVariation(
  spec: Pick<ChipSpec, "device" | "sigma" | "mapping" | "perSample">,
  { seed, purpose, index, step = 0 }: ChipDraw,
  name: string,
  weight: Tensor,
  firstSample = 0,
): Variation | undefined {
  const largest = maxAbs(weight);
  if (!Number.isFinite(largest)) {
    throw new RangeError(
      `parameter ${inWords(name)}: expected finite weights, got NaN or infinite ones; no device can hold them`,
    );
  }
  const { weightBits, bitsPerCell } = spec.mapping;
  const { sMax, sigmaOuter, sigmaMid } = programmingVariation(
    { device: spec.device, sigma: spec.sigma, weightBits: weightBits ?? undefined, bitsPerCell },
    largest,
  );
  if (sigmaOuter === 0 && sigmaMid === 0) return undefined;
  return {
    sMax,
    sigma: { kind: "levels", outer: sigmaOuter, middle: sigmaMid },
    key: stream(seed, { purpose, name, index, step }),
    perSample: spec.perSample,
    firstSample,
  };
}

/** Programs the parameter of a product. */
export function programWeight(
  spec: ChipSpec,
  chosen: readonly ChosenEffect[],
  draw: ChipDraw,
  place: { readonly product: PlacedProduct; readonly layers: SharedLayers; readonly time_s: number },
): ProgrammedWeight {
  const { product, layers } = place;
  const { name, tensor: weight } = product.weight;
  if (spec.varies === "weights") return programWhole(spec, draw, name, weight);
  const cells = programCells(spec, chosen, draw, place);
  const { mapped, values } = cells;
  let combined: Float32Array | undefined;
  // Tiles are read without it, unless drift is compensated.
  const held = (): Float32Array => {
    combined ??= recombine(mapped, values);
    return combined;
  };
  const corrected = driftFactor(spec, cells, held);
  const factorOf = corrected ?? (() => 1);
  const wires = wiresOf(spec.tile, spec.device.gMax_uS);
  let effective: Tensor | undefined;
  return {
    cells,
    get effective() {
      effective ??= persistent(wires === undefined ? times(held(), corrected) : throughWires(), weight.shape);
      return effective;
    },
    factorOf,
    dispose: () => effective?.dispose(),
  };

  function throughWires(): Float32Array {
    const blocks = layers.elementsOf(product);
    const tiled = cutLayer(blocks, withFactor(planesOf(spec, cells), factorOf), spec.tile, wires);
    try {
      return weightsOfTiles(tiled, blocks, weight.size);
    } finally {
      tiled.dispose();
    }
  }
}

/** Weights times the factors of their outputs. */
function times(weights: Float32Array, factorOf: ((element: number) => number) | undefined): Float32Array {
  if (factorOf === undefined) return weights;
  const products = new Float32Array(weights.length);
  for (let i = 0; i < products.length; i++) products[i] = weights[i]! * factorOf(i);
  return products;
}

/** Factors of the outputs that compensate drift; undefined where nothing does. */
function driftFactor(
  { compensation: { drift } }: ChipSpec,
  { mapped, programmed }: ProgrammedCells,
  now: () => Float32Array,
): ((element: number) => number) | undefined {
  if (drift === "none") return undefined;
  const isGlobal = drift === "global";
  const groupOf = (element: number): number => (isGlobal ? 0 : mapped.outputOf![element]!);
  const count = isGlobal ? 1 : mapped.outputs;
  const factors = driftFactors(recombine(mapped, programmed), now(), { count, groupOf });
  return (element) => factors[groupOf(element)]!;
}

const withFactor = (planed: PlanedWeight, factorOf: (element: number) => number): PlanedWeight => ({
  ...planed,
  scaleOf: (element) => planed.scaleOf(element) * factorOf(element),
});

/** The weights that tiles compute with, [element]. */
function weightsOfTiles({ blocks }: TiledLayer, elements: readonly BlockElements[], size: number): Float32Array {
  const weights = new Float32Array(size);
  for (const [b, { tiles, outputs, scales, constant }] of blocks.entries()) {
    const scaleOf = scales.floats();
    for (const { from, planes } of tiles) {
      const all = planes.map(({ matrix, factor }) => ({ values: matrix.floats(), factor }));
      for (let i = 0; i < all[0]!.values.length; i++) {
        const u = all.reduce((sum, { values, factor }) => sum + factor * values[i]!, constant);
        weights[elements[b]!.elements[from * outputs + i]!] = scaleOf[i % outputs]! * u;
      }
    }
  }
  return weights;
}

/** The tiles of a layer. */
export function tileWeight(
  spec: ChipSpec,
  chosen: readonly ChosenEffect[],
  {
    product,
    layers,
    time_s,
  }: { readonly product: PlacedProduct; readonly layers: SharedLayers; readonly time_s: number },
  weight: ProgrammedWeight,
): TiledLayer {
  const blocks = layers.elementsOf(product);
  const { cells, factorOf } = weight;
  if (cells === undefined) return cutLayer(blocks, wholeWeights(weight.effective), spec.tile);
  const planed = withFactor(planesOf(spec, cells, readVariance(spec, chosen, cells, time_s)), factorOf);
  return cutLayer(blocks, planed, spec.tile, wiresOf(spec.tile, spec.device.gMax_uS));
}

/** Whole weights as one plane, relative to the largest. */
function wholeWeights(weight: Tensor): PlanedWeight {
  const scale = maxAbs(weight);
  const values = weight.floats().map((w) => (scale === 0 ? 0 : w / scale));
  return { planes: [{ terms: [{ values, sign: 1 }], factor: 1 }], constant: 0, scaleOf: () => scale };
}

/** Variance of each cell's noise at a read; undefined when there is none. */
function readVariance(
  spec: ChipSpec,
  chosen: readonly ChosenEffect[],
  { mapped, values, programmed }: ProgrammedCells,
  time_s: number,
): Float32Array | undefined {
  const reading = chosen.filter(actsAtRead);
  if (reading.length === 0) return undefined;
  const variance = new Float32Array(values.length);
  for (const { effect, settings } of reading) {
    const state = { device: spec.device, time_s };
    const sigma = (effect as ReadEffect).deviations(
      { target: mapped.target, values, programmed },
      settings as never,
      state,
    );
    for (let i = 0; i < variance.length; i++) variance[i] = variance[i]! + sigma[i]! * sigma[i]!;
  }
  return variance;
}

/** Whole weights of a model on a chip. */
export interface ProgrammedModel {
  /** W + ΔW by parameter name. */
  readonly weights: ReadonlyMap<string, Tensor>;
  dispose(): void;
}

/** Programs all weights of a model at once, for a chip whose whole weights vary. */
export function programAll(model: Model, spec: ChipSpec, draw: ChipDraw): ProgrammedModel {
  const all = new Map<string, ProgrammedWeight>();
  for (const { weight: name } of arrayNodes(model)) {
    if (!all.has(name)) all.set(name, programWhole(spec, draw, name, model.parameters.get(name)!));
  }
  return {
    weights: new Map([...all].map(([name, { effective }]) => [name, effective])),
    dispose: () => {
      for (const one of all.values()) one.dispose();
    },
  };
}

/** Programs a whole weight: W + ΔW, or the weight itself if it doesn't vary. */
function programWhole(spec: ChipSpec, draw: ChipDraw, name: string, weight: Tensor): ProgrammedWeight {
  const variation = weightVariation(spec, draw, name, weight);
  const none = { cells: undefined, factorOf: () => 1 };
  if (variation === undefined) return { ...none, effective: weight, dispose: () => undefined };
  const effective = persistent(new Float32Array(weight.size), weight.shape);
  setVaried(effective, weight, variation);
  return { ...none, effective, dispose: () => effective.dispose() };
}
