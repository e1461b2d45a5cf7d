import { call, noVariation, type VariationFields, wasm } from "@neft/kernels";
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

const deviations = ["sMax", "sigmaOuter", "sigmaMid"] as const;

/** A variation as the kernels take it. @throws {RangeError} when a number is negative, not finite or too large. */
export function variationFields(who: string, variation: Variation | undefined): VariationFields {
  if (variation === undefined) return noVariation;
  const { sMax, sigmaOuter, sigmaMid, key, perSample, firstSample = 0 } = variation;
  for (const name of deviations) {
    const value = variation[name];
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`${who}: variation.${name}: expected a finite number ≥ 0, got ${value}`);
    }
  }
  if (!(Number.isInteger(firstSample) && firstSample >= 0 && firstSample < 2 ** 32)) {
    throw new RangeError(
      `${who}: variation.firstSample: expected a whole number from 0 to 2^32 - 1, got ${firstSample}`,
    );
  }
  return { kind: perSample ? 2 : 1, sMax, sigmaOuter, sigmaMid, key, firstSample };
}

/** Writes W + ΔW to `to`, which may be W itself and has its shape. @throws {RangeError} as {@link variationFields}. */
export function writeVaried(who: string, w: Tensor, variation: Variation, to: Tensor): void {
  const fields = variationFields(who, variation);
  if (w.size === 0) return;
  const rows = w.shape[0] ?? 1;
  wasm().variedWeight(call.variedWeight({ w: w.ptr, out: to.ptr, rows, cols: w.size / rows, variation: fields }));
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
