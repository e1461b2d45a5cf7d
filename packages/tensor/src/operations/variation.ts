import { call, f32, noVariation, type VariationFields, wasm, withBlocks } from "@neft/kernels";
import { defineOp } from "../operation.js";
import type { Tensor } from "../tensor.js";

/** Standard deviation σ of a weight w, in units of the weight, as a function of |w|/sMax. */
export type Sigma =
  /** The same for all weights. */
  | { readonly kind: "uniform"; readonly sigma: number }
  /** `middle` where 0.25 < |w|/sMax < 0.75, `outer` elsewhere. */
  | { readonly kind: "levels"; readonly outer: number; readonly middle: number }
  /**
   * Piecewise linear through two values or more, at equal distances of |w|/sMax from 0 to 1; the last one above. They must stay as they
   * are until the backward pass, which draws again.
   */
  | { readonly kind: "table"; readonly values: Float32Array };

/**
 * Weight variation of one product: ΔW ~ N(0, σ²).
 *
 * ΔW counts as a constant in the backward pass.
 */
export interface Variation {
  /** Full scale: max |w| of the whole tensor. A constant in the backward pass. */
  readonly sMax: number;
  readonly sigma: Sigma;
  /** Key of the random stream of ΔW. The backward pass draws the same ΔW again. */
  readonly key: bigint;
  /** Draw a separate ΔW for each sample (axis 0 of x) instead of one for all. */
  readonly perSample: boolean;
  /** Index of the first sample of x in the whole batch: each sample keeps its draw when a batch is split. Default: 0. */
  readonly firstSample?: number;
}

/** @throws {RangeError} unless the value is finite and not negative. */
function checkMagnitude(who: string, value: number): void {
  if (!(value >= 0 && value < Infinity)) {
    throw new RangeError(`${who}: expected a finite number ≥ 0, got ${value}`);
  }
}

/** Numbers of a σ as the kernels take them. */
type SigmaFields = Pick<VariationFields, "sigmaOuter" | "sigmaMid" | "table" | "tableSize">;

/** Runs `use` with the numbers of each kind of σ; a table is in linear memory meanwhile. */
const sigmaKinds: {
  readonly [Kind in Sigma["kind"]]: <T>(
    who: string,
    sigma: Extract<Sigma, { kind: Kind }>,
    use: (fields: SigmaFields) => T,
  ) => T;
} = {
  uniform: (who, { sigma }, use) => {
    checkMagnitude(`${who}.sigma`, sigma);
    return use({ sigmaOuter: sigma, sigmaMid: sigma, table: 0, tableSize: 0 });
  },
  levels: (who, { outer, middle }, use) => {
    checkMagnitude(`${who}.outer`, outer);
    checkMagnitude(`${who}.middle`, middle);
    return use({ sigmaOuter: outer, sigmaMid: middle, table: 0, tableSize: 0 });
  },
  table: (who, { values }, use) => {
    if (!(values instanceof Float32Array && values.length >= 2)) {
      throw new RangeError(`${who}.values: expected a Float32Array of 2 values or more, got ${values?.length} values`);
    }
    for (const [i, value] of values.entries()) checkMagnitude(`${who}.values[${i}]`, value);
    return withBlocks([values.byteLength], (table) => {
      f32(table, values.length).set(values);
      return use({ sigmaOuter: 0, sigmaMid: 0, table, tableSize: values.length });
    });
  },
};

/**
 * Runs `use` with a variation as the kernels take it; valid during the call only.
 *
 * @throws {RangeError} when a number is negative, not finite or too large.
 */
export function withVariation<T>(
  who: string,
  variation: Variation | undefined,
  use: (fields: VariationFields) => T,
): T {
  if (variation === undefined) return use(noVariation);
  const { sMax, sigma, key, firstSample = 0 } = variation;
  checkMagnitude(`${who}: variation.sMax`, sMax);
  if (!(Number.isInteger(firstSample) && firstSample >= 0 && firstSample < 2 ** 32)) {
    throw new RangeError(
      `${who}: variation.firstSample: expected a whole number from 0 to 2^32 - 1, got ${firstSample}`,
    );
  }
  const put = sigmaKinds[sigma?.kind] as (typeof sigmaKinds)["levels"] | undefined;
  if (put === undefined) {
    throw new RangeError(
      `${who}: variation.sigma: expected one of the kinds ${Object.keys(sigmaKinds).join(", ")}, got ${sigma?.kind}`,
    );
  }
  return put(`${who}: variation.sigma`, sigma as Extract<Sigma, { kind: "levels" }>, (fields) =>
    use({ kind: drawKind(variation), sMax, ...fields, key, firstSample }),
  );
}

/** How often ΔW is drawn, as the kernels take it. */
export const drawKind = (variation: Variation | undefined): number =>
  variation === undefined ? noVariation.kind : variation.perSample ? 2 : 1;

/** Writes W + ΔW to `to`, which may be W itself and has its shape. @throws {RangeError} as {@link withVariation}. */
export function writeVaried(who: string, w: Tensor, variation: Variation, to: Tensor): void {
  withVariation(who, variation, (fields) => {
    if (w.size === 0) return;
    const rows = w.shape[0] ?? 1;
    wasm().variedWeight(call.variedWeight({ w: w.ptr, out: to.ptr, rows, cols: w.size / rows, variation: fields }));
  });
}

/** A variation by table, for examples: σ is the same everywhere, since gradients by W take no account of its slope. */
export const byTable: Variation = {
  sMax: 2,
  sigma: { kind: "table", values: Float32Array.of(0.2, 0.2, 0.2) },
  key: 83n,
  perSample: false,
};

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
      attributes: { variation: { sMax: 2, sigma: { kind: "uniform", sigma: 0.1 }, key: 79n, perSample: false } },
    },
    {
      inputs: [{ shape: [2, 3, 4] }],
      attributes: { variation: { sMax: 2, sigma: { kind: "uniform", sigma: 0.3 }, key: 80n, perSample: false } },
    },
    { inputs: [{ shape: [3, 17] }], attributes: { variation: { ...byTable, key: 82n } } },
  ],
});
