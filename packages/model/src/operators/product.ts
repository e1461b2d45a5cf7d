import { inWords } from "@neft/options";
import type { Tensor, Variation } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { ArrayCall, RunCall } from "./operator.js";

/** Inputs of a product. */
export interface Operands {
  /** Index of the input that is the weight. */
  readonly weight: number;
  /** Index of the input that is the data. */
  readonly data: number;
}

/**
 * Computes a product. If its weight stands on a crossbar, the backend computes it.
 *
 * ΔW is drawn in the parameter's element order, and views are applied to W + ΔW. So all products with one parameter
 * share one draw.
 *
 * @throws {RangeError} for variation per sample of a weight read through views.
 */
export function product(
  call: RunCall,
  operands: Operands,
  digital: ArrayCall["digital"],
  digitalEach?: ArrayCall["digitalEach"],
): Tensor {
  const { node, context, arrays } = call;
  const weight = call.inputs[operands.weight]!;
  if (!arrays.includes(operands.weight)) return digital(weight);
  const input = call.inputs[operands.data]!;
  const found = context.weights.weightOf(node.inputs[operands.weight]!)!;
  const { parameter: weightName, views } = found;
  if (views.length === 0) return context.product({ node, weightName, weight, input, digital, digitalEach });
  const parameter = context.parameter(weightName);
  const viewed = (w: Tensor, variation?: Variation): Tensor => {
    if (variation?.perSample === true) {
      const through = views.map(({ op }) => op).join(", ");
      throw new RangeError(
        `parameter ${inWords(weightName)}: expected one draw for all samples where a product reads it through ${through}, got perSample`,
      );
    }
    if (variation !== undefined) return context.view(found, ops.varied(w, { variation }));
    return w === parameter ? weight : context.view(found, w);
  };
  return context.product({
    node,
    weightName,
    weight: parameter,
    input,
    digital: (w, variation) => digital(viewed(w, variation)),
    digitalEach: digitalEach && ((weights) => digitalEach(weights.map((w) => viewed(w)))),
  });
}
