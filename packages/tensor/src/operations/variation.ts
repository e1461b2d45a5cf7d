import { noVariation, type VariationFields } from "@neft/kernels";

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
