import { int, ints } from "../../attribute-kinds.js";
import type { KnownValue } from "../../host-array.js";
import { transposedConvolutionMap } from "../../maps/transposed-convolution.js";
import { convolvedFlow } from "../convolution-shape.js";
import { defineOperator, float } from "../operator.js";
import { product } from "../product.js";
import { convolved } from "../tracks.js";
import { windowAttributes } from "../window-attributes.js";
import { sizeOfKernel, transposedWindow } from "./transposed-window.js";
import { checkShape } from "./vectors.js";

const describe = ({ shape }: KnownValue): string => `[${shape.join(", ")}]`;

/**
 * Transposed convolution, the gradient of a convolution by its input. x: [N, C, …], w: [C, O/group, …kernel], b: [O] →
 * [N, O, …].
 *
 * On a crossbar, the channels of a pixel are the inputs of one product, and its outputs are all pixels that it adds to.
 */
export const convTranspose = defineOperator({
  name: "ConvTranspose",
  since: 1,
  inputs: [2, 3],
  attributes: {
    ...windowAttributes,
    kernel_shape: ints({ min: 1 }),
    // Negative pads enlarge the output.
    pads: ints(),
    dilations: ints({ min: 1 }),
    group: int({ default: 1, min: 1 }),
    output_padding: ints({ min: 0 }),
    output_shape: ints({ min: 1 }),
  },
  traits: {
    products: {
      operands: [1],
      uses: (shapeOf) => {
        const weight = shapeOf(1);
        if (weight === undefined) return [];
        return [
          {
            input: 1,
            layout: "io",
            outputs: sizeOfKernel(weight),
            inputs: weight[0]!,
            flow: convolvedFlow(weight.length),
          },
        ];
      },
    },
    parameters: [1, 2],
    cost: ([, weight = []]) => sizeOfKernel(weight),
  },
  limits: "one to three spatial axes",
  track: convolved,
  infer: ([x, w, bias], attributes) => {
    const { group, kernel_shape: given } = attributes;
    const rank = float(x, 0).shape.length;
    if (rank < 3 || rank > 5 || float(w, 1).shape.length !== rank)
      throw new RangeError(
        `expected an input and a weight of the same rank, 3 to 5, got ${describe(x)} and ${describe(w)}`,
      );
    if (w.shape[0] !== x.shape[1] || w.shape[0]! % group !== 0)
      throw new RangeError(
        `expected channels that fit the weight in ${group} groups, got ${describe(x)} and ${describe(w)}`,
      );
    if (w.shape.includes(0)) throw new RangeError(`expected a weight with elements, got ${describe(w)}`);
    const kernel = w.shape.slice(2);
    if (given !== undefined && given.join() !== kernel.join())
      throw new RangeError(`kernel_shape: expected the weight's [${kernel.join(", ")}], got [${given.join(", ")}]`);
    const outputs = w.shape[1]! * group;
    checkShape(bias, 2, [outputs]);
    const { output } = transposedWindow(attributes, x.shape.slice(2), kernel);
    return [{ dtype: "f32", shape: [x.shape[0]!, outputs, ...output] }];
  },
  run: ([x, w, bias], attributes, call) => {
    const window = transposedWindow(attributes, x.shape.slice(2), w.shape.slice(2));
    const { strides, dilations, pads, outputPadding } = window;
    const map = transposedConvolutionMap({ strides, dilations, pads, outputPadding, groups: attributes.group });
    return [product(call, { weight: 1, input: x, map, epilogue: { bias } })];
  },
  integers: null,
});
