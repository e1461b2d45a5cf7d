import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { intAttribute, intsAttribute } from "../attributes.js";
import { planeOf, windowOf } from "../dimensions.js";
import type { GraphNode } from "../graph.js";
import { defineOperator, need, needFloat } from "./operator.js";
import { product } from "./products.js";

/** Kernel sizes of the weight. @throws {RangeError} when the attribute kernel_shape differs. */
function kernelOf(node: GraphNode, weight: readonly number[]): readonly number[] {
  const kernel = weight.slice(2);
  const given = intsAttribute(node, "kernel_shape");
  if (given !== undefined && given.join() !== kernel.join()) {
    throw new RangeError(`kernel_shape: expected the weight's [${kernel.join(", ")}], got [${given.join(", ")}]`);
  }
  return kernel;
}

/** Convolution. x: [N, C, (H,) W], w: [O, C/group, (KH,) KW], b: [O] → [N, O, (OH,) OW]. */
export const conv = defineOperator({
  name: "Conv",
  arity: [2, 3],
  infer: ({ node, inputs }) => {
    const [x, w] = [needFloat(inputs, 0), needFloat(inputs, 1)];
    const group = intAttribute(node, "group", 1);
    if (x.shape.length < 3 || x.shape.length > 4 || w.shape.length !== x.shape.length) {
      throw new RangeError(
        `expected an input and a weight of the same rank, 3 or 4, got [${x.shape.join(", ")}] and [${w.shape.join(", ")}]`,
      );
    }
    if (group < 1 || w.shape[1]! * group !== x.shape[1] || w.shape[0]! % group !== 0) {
      throw new RangeError(
        `expected channels that fit the weight in ${group} groups, got [${x.shape.join(", ")}] and [${w.shape.join(", ")}]`,
      );
    }
    if (w.shape.includes(0)) throw new RangeError(`expected a weight with elements, got [${w.shape.join(", ")}]`);
    const bias = inputs[2];
    if (bias !== undefined && (bias.shape.length !== 1 || bias.shape[0] !== w.shape[0])) {
      throw new RangeError(`expected a bias [${w.shape[0]}], got [${bias.shape.join(", ")}]`);
    }
    const { output } = windowOf(node, x.shape.slice(1), kernelOf(node, w.shape));
    return [{ dtype: "f32", shape: [x.shape[0]!, w.shape[0]!, ...output] }];
  },
  run: (call) => {
    const { node, inputs } = call;
    const [x, w, bias] = [need(inputs, 0), need(inputs, 1), inputs[2]];
    const window = windowOf(node, x.shape.slice(1), kernelOf(node, w.shape));
    const flat = x.shape.length === 3;
    const plane = flat ? ops.reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]) : x;
    const { strides, dilations, pads } = planeOf(window);
    const { rectified, pooled } = call;
    const options = { strides, dilations, pads, groups: intAttribute(node, "group", 1), rectified, pooled };
    const kernelOn = (weight: Tensor) =>
      flat ? ops.reshape(weight, [w.shape[0]!, w.shape[1]!, 1, w.shape[2]!]) : weight;
    const y = product(
      call,
      1,
      (weight, variation) => ops.conv2d(plane, kernelOn(weight), bias, { variation, ...options }),
      (weights) => ops.conv2dEach(plane, weights.map(kernelOn), bias, options),
    );
    return [flat ? ops.reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : y];
  },
  fusesRelu: true,
  fusesPool: true,
  elements: null,
});
