import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { castElements } from "../../integers.js";
import { powerOfIntegers } from "../../integers-power.js";
import { align, aligned, alignment } from "../alignment.js";
import { arrayOf, tensorOf } from "../on-arrays.js";
import { defineOperator } from "../operator.js";

/** The values as f32. */
function asFloat(x: Tensor): Tensor {
  return x.dtype === "f32" ? x : tensorOf(castElements(arrayOf(x), "f32"));
}

/** xʸ with NumPy broadcasting, of the dtype of x. The exponent may have another dtype. */
export const pow = defineOperator({
  name: "Pow",
  since: 7,
  inputs: [2, 2],
  ...aligned,
  attributes: alignment,
  traits: {},
  infer: ([x, y], { axis }) => [
    { dtype: x.dtype, shape: ops.broadcastShapes(x.shape, align(x, { shape: y.shape }, axis).shape) },
  ],
  run: ([x, given], { axis }) => {
    const y = ops.reshape(given, align(x, { shape: given.shape }, axis).shape);
    if (x.dtype === "f32") return [ops.pow(x, asFloat(y))];
    const exponents = arrayOf(y);
    const isWhole = (exponents.data as Float32Array).every((one) => Number.isInteger(one));
    // Integers to whole powers are exact.
    const result = isWhole
      ? powerOfIntegers(arrayOf(x), castElements(exponents, "i64"))
      : castElements(arrayOf(ops.pow(asFloat(x), y)), x.dtype);
    return [tensorOf(result)];
  },
  integers: ([x, y], { axis }) => [powerOfIntegers(x, align(x, y, axis))],
});
