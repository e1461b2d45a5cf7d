import { unaryCode, wasm } from "@neft/kernels";
import type { AddsFirst, Context, Inputs, Kept } from "../operation.js";
import { empty, type Tensor } from "../tensor.js";

/** Of products that may end in a ReLU, in the same pass. */
export interface RectifiedAttributes {
  /** y is max(product, 0). Default false. */
  readonly rectified?: boolean;
}

/** What a product keeps; the gradient of max(·, 0) reads the output. */
export const keptByProduct = ({ rectified }: RectifiedAttributes): Kept => (rectified ? [0, 1, "output"] : [0, 1]);

/** The gradient by the product, given that by the output: computed once for all rules of a step. */
export function byProduct(dy: Tensor, { attributes, output, once }: Context<Inputs, RectifiedAttributes>): Tensor {
  if (!attributes.rectified) return dy;
  const [masked] = once("product", () => {
    const dz = empty(dy.shape);
    wasm().unaryGradient(unaryCode.relu, dy.ptr, output.ptr, dz.ptr, dz.size, 0, 0);
    return [dz];
  });
  return masked!;
}

/** Gradients of weight and bias: the same inputs on several chips are one product. `key` tells apart what those rules read. */
export function addsFirst<I extends Inputs, A extends RectifiedAttributes>(
  key: (attributes: A) => string,
  rest: Pick<AddsFirst<I, A>, "term" | "addTerm" | "summed"> = {
    term: byProduct,
    summed: (attributes) => ({ ...attributes, rectified: false }),
  },
): AddsFirst<I, A> {
  return { rules: [1, 2], key, ...rest };
}
