import * as ops from "@neft/tensor";
import { int, ints } from "../attribute-kinds.js";
import { convolutionMap } from "../maps/convolution.js";
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
    const map = convolutionMap({ window: convolutionWindow(x, w, attributes, 2), groups: attributes.group });
    const { rectified, pooled } = call;
    return [product(call, { weight: 1, input: x, map, epilogue: { bias, rectified, pooled } })];
  },
  integers: null,
});
