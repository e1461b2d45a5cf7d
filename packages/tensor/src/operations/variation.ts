import { wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import type { Tensor } from "../tensor.js";

/**
 * Weight variation of one product: ΔW ~ N(0, σ²) with σ = sigmaMid if 0.25 < |w|/sMax < 0.75, otherwise σ = sigmaOuter.
 *
 * ΔW counts as a constant in the backward pass.
 */
export interface Variation {
  /** Full scale: max |w| of the whole tensor. A constant in the backward pass. */
  readonly sMax: number;
  /** Standard deviation for weights near 0 and near the full scale, in units of the weight. */
  readonly sigmaOuter: number;
  /** Standard deviation for weights in between, in units of the weight. */
  readonly sigmaMid: number;
  /** Key of the random stream of ΔW. The backward pass draws the same ΔW again. */
  readonly key: bigint;
  /** Draw a separate ΔW for each sample (axis 0 of x) instead of one for all. */
  readonly perSample: boolean;
  /** Index of the first sample of x in the whole batch: each sample keeps its draw when a batch is split. Default: 0. */
  readonly firstSample?: number;
}

/** A variation as the kernels take it. Kind: 0 none, 1 one draw, 2 one draw per sample. */
export type VariationArguments = readonly [
  kind: number,
  sMax: number,
  sigmaOuter: number,
  sigmaMid: number,
  key: bigint,
];

const none: VariationArguments = [0, 0, 0, 0, 0n];

/** Converts a variation to kernel arguments. @throws {RangeError} when a number is negative, not finite or too large. */
export function variationArguments(who: string, variation: Variation | undefined): VariationArguments {
  if (variation === undefined) return none;
  const { sMax, sigmaOuter, sigmaMid, key, perSample, firstSample = 0 } = variation;
  for (const [name, value] of Object.entries({ sMax, sigmaOuter, sigmaMid })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`${who}: variation.${name}: expected a finite number ≥ 0, got ${value}`);
    }
  }
  if (!(Number.isInteger(firstSample) && firstSample >= 0 && firstSample < 2 ** 32)) {
    throw new RangeError(
      `${who}: variation.firstSample: expected a whole number from 0 to 2^32 - 1, got ${firstSample}`,
    );
  }
  return [perSample ? 2 : 1, sMax, sigmaOuter, sigmaMid, key];
}

/** Writes W + ΔW to `to`, which may be W itself and has its shape. @throws {RangeError} as {@link variationArguments}. */
export function writeVaried(who: string, w: Tensor, variation: Variation, to: Tensor): void {
  const [, sMax, sigmaOuter, sigmaMid, key] = variationArguments(who, variation);
  const rows = w.shape[0] ?? 1;
  if (w.size > 0) wasm().variedWeight(w.ptr, rows, w.size / rows, to.ptr, sMax, sigmaOuter, sigmaMid, key, 0);
}

type Inputs = [w: Tensor];

/**
 * y = W + ΔW: bit-identical to the weight that a product with this variation uses. ΔW counts as a constant in the backward pass.
 *
 * @throws {RangeError} for a scalar, a per-sample variation, or one with a number out of range.
 */
export const varied = defineOp<Inputs, { readonly variation: Variation }>({
  name: "varied",
  shape: ([w], { variation }) => {
    if (variation.perSample) throw new RangeError("varied: expected one draw for all samples, got perSample");
    if (w.shape.length === 0) throw new RangeError("varied: expected a weight of one axis or more, got a scalar");
    return w.shape;
  },
  forward: ([w], { variation }, y) => writeVaried("varied", w, variation, y),
  vjp: [(dy) => dy],
  keeps: [],
  examples: [
    {
      inputs: [{ shape: [3, 5] }],
      attributes: { variation: { sMax: 2, sigmaOuter: 0.1, sigmaMid: 0.1, key: 79n, perSample: false } },
    },
    {
      inputs: [{ shape: [2, 3, 4] }],
      attributes: { variation: { sMax: 2, sigmaOuter: 0.3, sigmaMid: 0.3, key: 80n, perSample: false } },
    },
  ],
});
