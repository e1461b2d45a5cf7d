import { type ArrayProduct, computeProduct, type Model, run } from "@neft/model";
import { noGrad, scope } from "@neft/tensor";
import type { Ranges } from "../tile/ranges.js";
import type { ChipSpec } from "./chip-spec.js";

/** A layer whose periphery can be learned. Plain data. */
export interface LearnableLayer {
  readonly layer: string;
  /** Number of outputs, each with a factor. */
  readonly outputs: number;
  /** Range of its converters of inputs; undefined without them. */
  readonly range: number | undefined;
}

/**
 * The layers of a network whose periphery can be learned, in running order.
 *
 * @param ranges   Measured ranges of its converters.
 * @param samples  Makes samples in the current scope: one is enough.
 */
export function learnableLayers(
  model: Model,
  { dac }: Pick<ChipSpec, "dac">,
  ranges: Ranges,
  samples: () => Parameters<typeof run>[1],
): LearnableLayer[] {
  const layers = new Map<string, LearnableLayer>();
  const product = (one: ArrayProduct) => {
    const y = computeProduct({ ...one, epilogue: {} });
    const outputs = y.shape.at(one.map.kind.channels)!;
    // Indices of a table have no range.
    const isFloat = one.input.dtype === "f32";
    const range = dac !== undefined && isFloat ? ranges[one.layer]?.inputs.range : undefined;
    layers.set(one.layer, { layer: one.layer, outputs, range });
    return computeProduct(one);
  };
  scope(() => {
    noGrad(() => run(model, samples(), { backend: { product } }));
  });
  return [...layers.values()];
}
