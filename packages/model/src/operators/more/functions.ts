import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { flag } from "../../attribute-kinds.js";
import { unaryIntegers } from "../../integers-elementwise.js";
import { like, likeFloat } from "../infer.js";
import { defineOperator, float, type Operator } from "../operator.js";
import { elements } from "../scaling.js";
import { firstInputPosition } from "../tracks.js";
import type { Traits } from "../traits.js";

/** Defines an elementwise function of floats. */
function elementwiseFunction(
  name: string,
  since: number,
  run: (x: Tensor) => Tensor,
  traits: Traits<unknown> = {},
): Operator {
  return defineOperator({
    name,
    since,
    inputs: [1, 1],
    attributes: {},
    traits,
    track: firstInputPosition,
    infer: likeFloat,
    run: ([x]) => [run(x)],
    integers: null,
  });
}

/** Defines an elementwise function of floats and integers. */
function numberFunction(
  name: string,
  since: number,
  run: (x: Tensor) => Tensor,
  kind: Parameters<typeof unaryIntegers>[0],
  traits: Traits<unknown> = {},
): Operator {
  return defineOperator({
    name,
    since,
    inputs: [1, 1],
    attributes: {},
    traits,
    track: firstInputPosition,
    infer: (inputs) => {
      if (inputs[0].dtype === "bool") throw new TypeError("expected numbers, got bool");
      return like(inputs);
    },
    run: ([x]) => [run(x)],
    integers: ([x]) => [unaryIntegers(kind, x)],
  });
}

export const abs = numberFunction("Abs", 6, ops.abs, "abs", { scaling: elements });
export const neg = numberFunction("Neg", 6, ops.neg, "neg", { scaling: elements });
export const sign = numberFunction("Sign", 9, ops.sign, "sign");

export const exp = elementwiseFunction("Exp", 6, ops.exp);
export const log = elementwiseFunction("Log", 6, ops.log);
export const sqrt = elementwiseFunction("Sqrt", 6, ops.sqrt);
export const reciprocal = elementwiseFunction("Reciprocal", 6, ops.reciprocal);
export const ceil = elementwiseFunction("Ceil", 6, ops.ceil);
export const floor = elementwiseFunction("Floor", 6, ops.floor);
/** Halves go to the even neighbour. */
export const round = elementwiseFunction("Round", 11, ops.round);
export const erf = elementwiseFunction("Erf", 9, ops.erf);
export const sin = elementwiseFunction("Sin", 7, ops.sin);
export const cos = elementwiseFunction("Cos", 7, ops.cos);
export const tan = elementwiseFunction("Tan", 7, ops.tan);
export const asin = elementwiseFunction("Asin", 7, ops.asin);
export const acos = elementwiseFunction("Acos", 7, ops.acos);
export const atan = elementwiseFunction("Atan", 7, ops.atan);
export const sinh = elementwiseFunction("Sinh", 9, ops.sinh);
export const cosh = elementwiseFunction("Cosh", 9, ops.cosh);
export const asinh = elementwiseFunction("Asinh", 9, ops.asinh);
export const acosh = elementwiseFunction("Acosh", 9, ops.acosh);
export const atanh = elementwiseFunction("Atanh", 9, ops.atanh);

/** Whether x is NaN, as bool. */
export const isNotANumber = defineOperator({
  name: "IsNaN",
  since: 9,
  inputs: [1, 1],
  attributes: {},
  traits: {},
  track: firstInputPosition,
  infer: ([x]) => [{ dtype: "bool", shape: float(x).shape }],
  run: ([x]) => [ops.isNaN(x)],
  integers: null,
});

/** Whether x is infinite, as bool. Each sign can be left out. */
export const isInf = defineOperator({
  name: "IsInf",
  since: 10,
  inputs: [1, 1],
  attributes: { detect_negative: flag(true), detect_positive: flag(true) },
  traits: {},
  track: firstInputPosition,
  infer: ([x]) => [{ dtype: "bool", shape: float(x).shape }],
  run: ([x], { detect_negative: detectNegative, detect_positive: detectPositive }) => [
    ops.isInf(x, { detectNegative, detectPositive }),
  ],
  integers: null,
});
