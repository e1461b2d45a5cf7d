import { call, noVariation, type VariationFields, wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import type { Tensor } from "../tensor.js";

/**
 * Weight variation of one product, plain data: ΔW ~ N(0, σ²) with σ = sigmaMid where 0.25 < |w|/sMax < 0.75
 * (strictly), else sigmaOuter. Gradients go straight through it.
 */
export interface Variation {
  /** max |w| of the whole tensor: a constant, no gradient flows through it. */
  readonly sMax: number;
  readonly sigmaOuter: number;
  readonly sigmaMid: number;
  /** Key of the stream ΔW is drawn from; the backward pass draws it again. */
  readonly key: bigint;
  /** A fresh ΔW for every sample, along the first axis of x, instead of one for all. */
  readonly perSample: boolean;
  /** Index in the whole batch of the call's first sample, where the batch is split: samples keep their draws. Default 0. */
  readonly firstSample?: number;
}

/**
 * The variation as the kernels take it.
 * @throws {RangeError} when a number is negative or not finite.
 */
export function variationFields(who: string, variation: Variation | undefined): VariationFields {
  if (variation === undefined) return noVariation;
  const { sMax, sigmaOuter, sigmaMid, key, perSample, firstSample = 0 } = variation;
  for (const [name, value] of Object.entries({ sMax, sigmaOuter, sigmaMid })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`${who}: variation.${name}: expected a finite number from 0 on, got ${value}`);
    }
  }
  if (!(Number.isInteger(firstSample) && firstSample >= 0 && firstSample < 2 ** 32)) {
    throw new RangeError(
      `${who}: variation.firstSample: expected a whole number from 0 to 2^32 - 1, got ${firstSample}`,
    );
  }
  return { kind: perSample ? 2 : 1, sMax, sigmaOuter, sigmaMid, key, firstSample };
}

/** Writes W + ΔW to `to`, which may be W itself. w, to: [rows, ..]. @throws {RangeError} as {@link variationFields}. */
export function writeVaried(who: string, w: Tensor, variation: Variation, to: Tensor): void {
  const fields = variationFields(who, variation);
  if (w.size === 0) return;
  const rows = w.shape[0] ?? 1;
  const operands = { w: w.ptr, out: to.ptr, rows, cols: w.size / rows };
  wasm().variedWeight(call.variedWeight({ ...operands, variation: fields }));
}

type Inputs = [w: Tensor];

/**
 * W + ΔW written out: the weight that a product with this variation meets, to the last bit. w and y: [rows, ..], any rank from 1.
 *
 * The gradient goes straight through. @throws {RangeError} for a fresh draw for every sample, which no single tensor can hold.
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
  samples: [
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
