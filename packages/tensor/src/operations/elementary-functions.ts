import type { Operation } from "../operation.js";
import { type One, parameterlessOp } from "./unary.js";

// Errors: those of sin to erf, computed in doubles and rounded to f32 once, are at most 0.501 units of the last place for every f32.

/** y = sin x, x in radians, exact to f32 however large x is; NaN at ±∞. */
export const sin: Operation<One, undefined> = parameterlessOp("sin", "normal", 0);
/** y = cos x, as {@link sin}. */
export const cos: Operation<One, undefined> = parameterlessOp("cos", "normal", 0);
/** y = tan x, as {@link sin}. */
export const tan: Operation<One, undefined> = parameterlessOp("tan", "fractions", 0);
/** y = arcsin x; NaN outside [−1, 1]. */
export const asin: Operation<One, undefined> = parameterlessOp("asin", "fractions", 0);
/** y = arccos x; NaN outside [−1, 1]. */
export const acos: Operation<One, undefined> = parameterlessOp("acos", "fractions", 0);
/** y = arctan x. */
export const atan: Operation<One, undefined> = parameterlessOp("atan", "normal", 0);
/** y = (e^x − e^−x)/2. */
export const sinh: Operation<One, undefined> = parameterlessOp("sinh", "normal", 0);
/** y = (e^x + e^−x)/2. */
export const cosh: Operation<One, undefined> = parameterlessOp("cosh", "normal", 0);
/** y = arsinh x. */
export const asinh: Operation<One, undefined> = parameterlessOp("asinh", "normal", 0);
/** y = arcosh x; NaN below 1. */
export const acosh: Operation<One, undefined> = parameterlessOp("acosh", "large", 0);
/** y = artanh x; ±∞ at ±1, NaN outside. */
export const atanh: Operation<One, undefined> = parameterlessOp("atanh", "fractions", 0);
/** The error function y = 2/√π · ∫₀ˣ e^−t² dt. */
export const erf: Operation<One, undefined> = parameterlessOp("erf", "normal", 0);
/** y = 1/x. */
export const reciprocal: Operation<One, undefined> = parameterlessOp("reciprocal", "positive", "output");
/** The largest whole number y ≤ x. The slope is 0. */
export const floor: Operation<One, undefined> = parameterlessOp("floor", "separated");
/** The smallest whole number y ≥ x. The slope is 0. */
export const ceil: Operation<One, undefined> = parameterlessOp("ceil", "separated");
/** The nearest whole number, the even one of two. The slope is 0. */
export const round: Operation<One, undefined> = parameterlessOp("round", "separated");
/** y = −1, 0 or 1; NaN stays NaN. The slope is 0. */
export const sign: Operation<One, undefined> = parameterlessOp("sign", "separated");
