import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { int, ints } from "../attribute-kinds.js";
import { planeOf } from "../dimensions.js";
import { convolutionShape, convolutionWindow, convolvedFlow } from "./convolution-shape.js";
import { defineOperator, float } from "./operator.js";
import { product } from "./product.js";
import { convolved } from "./tracks.js";
import { windowAttributes } from "./window-attributes.js";

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
        return [
          {
            input: 1,
            layout: "conv",
            outputs: weight[0]!,
            inputs: ops.sizeOf(weight.slice(1)),
            flow: convolvedFlow(weight.length),
          },
        ];
      },
    },
    parameters: [1, 2],
    absorbs: ["pool", "relu"],
    cost: ([, weight = []]) => ops.sizeOf(weight.slice(1)),
  },
  limits: "one or two spatial axes",
  track: convolved,
  infer: (inputs, attributes) => {
    float(inputs[0], 0);
    float(inputs[1], 1);
    return [{ dtype: "f32", shape: convolutionShape(inputs, attributes, 2) }];
  },
  run: ([x, w, bias], attributes, call) => {
    const window = convolutionWindow(x, w, attributes, 2);
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
