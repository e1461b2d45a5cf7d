import { f32, unaryCode, wasm } from "@neft/kernels";
import type { BackwardContext, Inputs, Kept } from "../operation.js";
import { empty, type Tensor } from "../tensor.js";

/** Epilogue attributes of a product. */
export interface EpilogueAttributes {
  /** Apply a ReLU to the output in the same pass. Default: false. */
  readonly rectified?: boolean;
}

/** Tensors that the gradient rules of a product read: x and W, and y when a ReLU is fused. */
export const keptForGradient = ({ rectified }: EpilogueAttributes): Kept => (rectified ? [0, 1, "output"] : [0, 1]);

/** Gradient by the output before the ReLU, given that by y. Computed once for all rules of a node. */
export function gradientBeforeRelu(
  dy: Tensor,
  { attributes, output, once }: BackwardContext<Inputs, EpilogueAttributes>,
): Tensor {
  if (!attributes.rectified) return dy;
  const [masked] = once("product", () => {
    const dz = empty(dy.shape);
    wasm().unaryGradient(unaryCode.relu, dy.ptr, output.ptr, dz.ptr, dz.size, 0, 0);
    return [dz];
  });
  return masked!;
}

/** Sum of f32 tensors of the same shape: a new tensor, or the only one itself. */
export function sumTensors([first, ...rest]: readonly Tensor[]): Tensor {
  if (rest.length === 0) return first!;
  const sum = empty(first!.shape);
  f32(sum.ptr, sum.size).set(f32(first!.ptr, sum.size));
  for (const tensor of rest) wasm().axpy(1, tensor.ptr, sum.ptr, sum.size);
  return sum;
}
