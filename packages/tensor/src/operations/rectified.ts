import { f32, unaryCode, wasm } from "@neft/kernels";
import type { Context, Inputs, Kept } from "../operation.js";
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

/** The sum of tensors of one shape: a new one, but where there is only one. */
export function sumOf([first, ...rest]: readonly Tensor[]): Tensor {
  if (rest.length === 0) return first!;
  const sum = empty(first!.shape);
  f32(sum.ptr, sum.size).set(f32(first!.ptr, sum.size));
  for (const each of rest) wasm().axpy(1, each.ptr, sum.ptr, sum.size);
  return sum;
}
