import type { Operation } from "../operation.js";
import { type One, parameterlessOp, unaryOp } from "./unary.js";

/** y = −x. */
export const neg: Operation<One, undefined> = parameterlessOp("neg", "normal");
/** y = max(x, 0); NaN stays NaN. The slope at 0 is 0. */
export const relu: Operation<One, undefined> = parameterlessOp("relu", "separated", "output");
/** y = 1 / (1 + e^−x). */
export const sigmoid: Operation<One, undefined> = parameterlessOp("sigmoid", "normal", "output");
/** y = tanh x. */
export const tanh: Operation<One, undefined> = parameterlessOp("tanh", "normal", "output");
/** y = e^x. */
export const exp: Operation<One, undefined> = parameterlessOp("exp", "normal", "output");
/** y = ln x; NaN for x < 0, −∞ at 0. */
export const log: Operation<One, undefined> = parameterlessOp("log", "positive", 0);
/** y = √x; NaN for x < 0. */
export const sqrt: Operation<One, undefined> = parameterlessOp("sqrt", "positive", "output");
/** y = |x|. The slope at 0 is 0. */
export const abs: Operation<One, undefined> = parameterlessOp("abs", "separated", 0);
/** y = x². */
export const square: Operation<One, undefined> = parameterlessOp("square", "normal", 0);

/** y = c·x for a number c. */
export const scale: Operation<One, number> = unaryOp<number>({
  name: "scale",
  values: "normal",
  parameters: (c) => [c, 0],
  examples: [-2.5],
});

/** y = x + c for a number c. */
export const shift: Operation<One, number> = unaryOp<number>({
  name: "shift",
  values: "normal",
  parameters: (c) => [c, 0],
  examples: [0.75],
});

/** Attributes of {@link leakyRelu}. */
export interface LeakyReluAttributes {
  /** Slope for x < 0. Default: 0.01, as in ONNX. */
  readonly alpha?: number;
}

/** y = x for x ≥ 0, alpha·x for x < 0. */
export const leakyRelu: Operation<One, LeakyReluAttributes> = unaryOp<LeakyReluAttributes>({
  name: "leakyRelu",
  keeps: 0,
  values: "separated",
  parameters: ({ alpha = 0.01 }) => [alpha, 0],
  examples: [{ alpha: 0.2 }, {}],
});

/** Attributes of {@link clip}. */
export interface ClipAttributes {
  /** Default: −∞. */
  readonly min?: number;
  /** Default: ∞. */
  readonly max?: number;
}

/** y = min(max(x, min), max); NaN stays NaN. The slope is 1 at the bounds. */
export const clip: Operation<One, ClipAttributes> = unaryOp<ClipAttributes>({
  name: "clip",
  keeps: 0,
  values: "separated",
  parameters: ({ min = -Infinity, max = Infinity }) => [min, max],
  examples: [{ min: -0.5, max: 1.3 }, { min: 0 }, { max: 0 }],
});
