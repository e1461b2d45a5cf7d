import type { Operation } from "../operation.js";
import { type One, parameterlessOp, unaryOp } from "./unary.js";

// Errors: the functions with an exponential, computed in doubles and rounded to f32 once, have at most 0.501 units of the last place for
// every f32; softsign, hardSigmoid and hardSwish at most 1.5, 0.5 and 2.4. Their values at −∞ are limits: never −∞·0 = NaN.

/** y = ln(1 + e^x). */
export const softplus: Operation<One, undefined> = parameterlessOp("softplus", "normal", 0);
/** y = x / (1 + |x|). */
export const softsign: Operation<One, undefined> = parameterlessOp("softsign", "separated", 0);
/** y = x·max(0, min(1, x/6 + 1/2)). The slope is 0 at −3, 1 at 3. */
export const hardSwish: Operation<One, undefined> = parameterlessOp("hardSwish", "separated", 0);
/** y = x·tanh(ln(1 + e^x)). */
export const mish: Operation<One, undefined> = parameterlessOp("mish", "normal", 0);
/** y = x·Φ(x) = x·(1 + erf(x/√2))/2. */
export const gelu: Operation<One, undefined> = parameterlessOp("gelu", "normal", 0);
/** The approximation of {@link gelu} by a tanh: y = x·(1 + tanh(√(2/π)·(x + 0.044715 x³)))/2. */
export const geluTanh: Operation<One, undefined> = parameterlessOp("geluTanh", "normal", 0);

/** Attributes of {@link elu}, {@link celu}, {@link thresholdedRelu} and {@link swish}. */
export interface AlphaAttributes {
  /** Default: 1, as in ONNX. */
  readonly alpha?: number;
}

/** Makes an operation with the one parameter alpha. */
function alphaOp(
  name: "elu" | "celu" | "thresholdedRelu" | "swish",
  alphas: readonly number[],
): Operation<One, AlphaAttributes> {
  return unaryOp<AlphaAttributes>({
    name,
    keeps: 0,
    values: name === "swish" ? "normal" : "separated",
    parameters: ({ alpha = 1 }) => [alpha, 0],
    examples: [{}, ...alphas.map((alpha) => ({ alpha }))],
  });
}

/** y = x for x ≥ 0, alpha·(e^x − 1) for x < 0. The slope at 0 is 1. */
export const elu: Operation<One, AlphaAttributes> = alphaOp("elu", [0.4]);
/** y = x for x ≥ 0, alpha·(e^(x/alpha) − 1) for x < 0. The slope at 0 is 1. */
export const celu: Operation<One, AlphaAttributes> = alphaOp("celu", [2]);
/** y = x for x > alpha, else 0; NaN stays NaN. The slope at alpha is 0. */
export const thresholdedRelu: Operation<One, AlphaAttributes> = alphaOp("thresholdedRelu", [0.3, -0.3]);
/** y = x / (1 + e^(−alpha·x)); with alpha 1 the SiLU. */
export const swish: Operation<One, AlphaAttributes> = alphaOp("swish", [-1.7]);

/** Attributes of {@link selu}. */
export interface SeluAttributes {
  /** Default: 1.6732632, as in ONNX. */
  readonly alpha?: number;
  /** Default: 1.050701, as in ONNX. */
  readonly gamma?: number;
}

/** y = gamma·x for x ≥ 0, gamma·alpha·(e^x − 1) for x < 0. The slope at 0 is gamma. */
export const selu: Operation<One, SeluAttributes> = unaryOp<SeluAttributes>({
  name: "selu",
  keeps: 0,
  values: "separated",
  parameters: ({ alpha = 1.6732631921768188, gamma = 1.0507010221481323 }) => [alpha, gamma],
  examples: [{}, { alpha: 0.5, gamma: 2 }],
});

/** Attributes of {@link hardSigmoid}. */
export interface HardSigmoidAttributes {
  /** Default: 0.2, as in ONNX. */
  readonly alpha?: number;
  /** Default: 0.5, as in ONNX. */
  readonly beta?: number;
}

/** y = max(0, min(1, alpha·x + beta)). The slope is 0 where that is 0 or 1. */
export const hardSigmoid: Operation<One, HardSigmoidAttributes> = unaryOp<HardSigmoidAttributes>({
  name: "hardSigmoid",
  keeps: 0,
  values: "separated",
  parameters: ({ alpha = 0.2, beta = 0.5 }) => [alpha, beta],
  examples: [{}, { alpha: 0.5, beta: 0.6 }],
});

/** Attributes of {@link shrink}. */
export interface ShrinkAttributes {
  /** Default: 0, as in ONNX. */
  readonly bias?: number;
  /** Default: 0.5, as in ONNX. */
  readonly lambd?: number;
}

/** y = x + bias for x < −lambd, x − bias for x > lambd, else 0; NaN stays NaN. The slope at ±lambd is 0. */
export const shrink: Operation<One, ShrinkAttributes> = unaryOp<ShrinkAttributes>({
  name: "shrink",
  keeps: 0,
  values: "separated",
  parameters: ({ bias = 0, lambd = 0.5 }) => [bias, lambd],
  examples: [{}, { bias: 0.2, lambd: 0.3 }],
});
