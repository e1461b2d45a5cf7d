import { call, wasm } from "@neft/kernels";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/** Operands of {@link adamStep}. All have the same shape. */
export interface AdamOperands {
  /** The parameter; overwritten. */
  readonly weight: Tensor;
  readonly gradient: Tensor;
  /** Running mean of the gradient; overwritten. Zeros before the first step. */
  readonly mean: Tensor;
  /** Running mean of the squared gradient; overwritten. Zeros before the first step. */
  readonly square: Tensor;
}

/** Settings of {@link adamStep}. */
export interface AdamStepSettings {
  readonly learningRate: number;
  /** Decay of the running mean of the gradient. */
  readonly beta1: number;
  /** Decay of the running mean of the squared gradient. */
  readonly beta2: number;
  /** Added to the denominator. */
  readonly epsilon: number;
  /** Bias correction of the mean: 1 − beta1ᵗ at step t = 1, 2, …. */
  readonly bias1: number;
  /** Bias correction of the squared mean: 1 − beta2ᵗ. */
  readonly bias2: number;
  /** Factor of the L2 penalty; 0 for none. */
  readonly weightDecay: number;
}

/**
 * Applies one step of Adam in place. With g = gradient + weightDecay·weight:
 *
 * mean ← beta1·mean + (1 − beta1)·g, square ← beta2·square + (1 − beta2)·g²,
 * weight ← weight − learningRate·(mean/bias1) / (√(square/bias2) + epsilon).
 *
 * @throws as {@link checkTarget}.
 */
export function adamStep({ weight, gradient, mean, square }: AdamOperands, settings: AdamStepSettings): void {
  checkTarget("adamStep", weight, [gradient, mean, square]);
  const [w, g, m, v] = [weight.ptr, gradient.ptr, mean.ptr, square.ptr];
  const { learningRate: rate, beta1, beta2, epsilon, bias1, bias2, weightDecay } = settings;
  const n = weight.size;
  wasm().adamStep(call.adamStep({ w, g, m, v, n, rate, beta1, beta2, epsilon, bias1, bias2, weightDecay }));
}

/** Operands of {@link sgdStep}. All have the same shape. */
export interface SgdOperands {
  /** The parameter; overwritten. */
  readonly weight: Tensor;
  readonly gradient: Tensor;
  /** Momentum buffer, the decayed sum of gradients; overwritten. Zeros before the first step. Default: no momentum. */
  readonly buffer?: Tensor | undefined;
}

/** Settings of {@link sgdStep}. */
export interface SgdStepSettings {
  readonly learningRate: number;
  /** Decay of the buffer; ignored without one. */
  readonly momentum: number;
  /** Factor of the L2 penalty; 0 for none. */
  readonly weightDecay: number;
}

/**
 * Applies one step of gradient descent in place. With g = gradient + weightDecay·weight:
 *
 * buffer ← momentum·buffer + g, weight ← weight − learningRate·buffer; without a buffer, weight ← weight − learningRate·g.
 *
 * @throws as {@link checkTarget}.
 */
export function sgdStep({ weight, gradient, buffer }: SgdOperands, settings: SgdStepSettings): void {
  checkTarget("sgdStep", weight, buffer ? [gradient, buffer] : [gradient]);
  const { learningRate, momentum, weightDecay } = settings;
  wasm().sgdStep(weight.ptr, gradient.ptr, buffer?.ptr ?? 0, weight.size, learningRate, momentum, weightDecay);
}
