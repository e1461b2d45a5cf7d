import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { int, ints } from "../attribute-kinds.js";
import { planeOf, windowOf } from "../dimensions.js";
import { defineOperator, float } from "./operator.js";
import { product } from "./product.js";
import { convolved } from "./tracks.js";
import { windowAttributes } from "./window-attributes.js";

/** Kernel sizes of the weight. @throws {RangeError} when the attribute kernel_shape differs. */
function kernelOf(given: readonly number[] | undefined, weight: readonly number[]): readonly number[] {
  const kernel = weight.slice(2);
  if (given !== undefined && given.join() !== kernel.join()) {
    throw new RangeError(`kernel_shape: expected the weight's [${kernel.join(", ")}], got [${given.join(", ")}]`);
  }
  return kernel;
}

/** Convolution. x: [N, C, (H,) W], w: [O, C/group, (KH,) KW], b: [O] → [N, O, (OH,) OW]. */
export const conv = defineOperator({
  name: "Conv",
  since: 1,
  inputs: [2, 3],
  attributes: { ...windowAttributes, dilations: ints({ min: 1 }), group: int({ default: 1, min: 1 }) },
  traits: {
    products: {
      operands: [1],
      drawsWeights: true,
      uses: (shapeOf) => {
        const weight = shapeOf(1);
        if (weight === undefined) return [];
        return [{ input: 1, layout: "conv", outputs: weight[0]!, inputs: ops.sizeOf(weight.slice(1)) }];
      },
    },
    parameters: [1, 2],
    absorbs: ["pool", "relu"],
    cost: ([, weight = []]) => ops.sizeOf(weight.slice(1)),
  },
  limits: "one or two spatial axes",
  track: convolved,
  infer: ([x, w, bias], attributes) => {
    float(x, 0);
    float(w, 1);
    const { group } = attributes;
    if (x.shape.length < 3 || x.shape.length > 4 || w.shape.length !== x.shape.length) {
      throw new RangeError(
        `expected an input and a weight of the same rank, 3 or 4, got [${x.shape.join(", ")}] and [${w.shape.join(", ")}]`,
      );
    }
    if (w.shape[1]! * group !== x.shape[1] || w.shape[0]! % group !== 0) {
      throw new RangeError(
        `expected channels that fit the weight in ${group} groups, got [${x.shape.join(", ")}] and [${w.shape.join(", ")}]`,
      );
    }
    if (w.shape.includes(0)) throw new RangeError(`expected a weight with elements, got [${w.shape.join(", ")}]`);
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== w.shape[0])) {
      throw new RangeError(`expected a bias [${w.shape[0]}], got [${bias.shape.join(", ")}]`);
    }
    const { output } = windowOf(attributes, x.shape.slice(1), kernelOf(attributes.kernel_shape, w.shape));
    return [{ dtype: "f32", shape: [x.shape[0]!, w.shape[0]!, ...output] }];
  },
  run: ([x, w, bias], attributes, call) => {
    const window = windowOf(attributes, x.shape.slice(1), kernelOf(attributes.kernel_shape, w.shape));
    const flat = x.shape.length === 3;
    const plane = flat ? ops.reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]) : x;
    const { strides, dilations, pads } = planeOf(window);
    const { rectified, pooled } = call;
    const options = { strides, dilations, pads, groups: attributes.group, rectified, pooled };
    const kernelOn = (weight: Tensor) =>
      flat ? ops.reshape(weight, [w.shape[0]!, w.shape[1]!, 1, w.shape[2]!]) : weight;
    const y = product(
      call,
      { weight: 1, data: 0 },
      (weight, variation) => ops.conv2d(plane, kernelOn(weight), bias, { variation, ...options }),
      (weights) => ops.conv2dEach(plane, weights.map(kernelOn), bias, options),
    );
    return [flat ? ops.reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : y];
  },
  integers: null,
});
