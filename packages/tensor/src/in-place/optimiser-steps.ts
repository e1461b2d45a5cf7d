import { call, wasm } from "@neft/kernels";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/** Operands of {@link adamStep}, of one shape. */
export interface AdamOperands {
  /** Overwritten. */
  readonly weight: Tensor;
  readonly gradient: Tensor;
  /** Running mean of the gradient, overwritten; zeros before the first step. */
  readonly mean: Tensor;
  /** Running mean of the squared gradient, overwritten; zeros before the first step. */
  readonly square: Tensor;
}

/** Settings of {@link adamStep}. */
export interface AdamStepSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  /** Added to the denominator. */
  readonly epsilon: number;
  /** 1 − beta1ᵗ, t the number of this step from 1 on. */
  readonly bias1: number;
  /** 1 − beta2ᵗ. */
  readonly bias2: number;
  /** Factor of the L2 penalty. */
  readonly weightDecay: number;
}

/**
 * One step of Adam, in place, with g = gradient + weightDecay·weight:
 *
 * mean ← beta1·mean + (1 − beta1)·g, square ← beta2·square + (1 − beta2)·g²,
 * weight ← weight − learningRate·(mean/bias1) / (√(square/bias2) + epsilon).
 *
 * @throws as {@link checkTarget}.
 */
export function adamStep({ weight, gradient, mean, square }: AdamOperands, settings: AdamStepSettings): void {
  checkTarget("adamStep", weight, [gradient, mean, square]);
  const { learningRate, beta1, beta2, epsilon, bias1, bias2, weightDecay } = settings;
  const operands = { w: weight.ptr, g: gradient.ptr, m: mean.ptr, v: square.ptr, n: weight.size };
  const rates = { rate: learningRate, beta1, beta2, epsilon, bias1, bias2, weightDecay };
  wasm().adamStep(call.adamStep({ ...operands, ...rates }));
}

/** Operands of {@link sgdStep}, of one shape. */
export interface SgdOperands {
  /** Overwritten. */
  readonly weight: Tensor;
  readonly gradient: Tensor;
  /** Running sum of the gradients, overwritten; zeros before the first step. Left out for plain gradient descent. */
  readonly buffer?: Tensor | undefined;
}

/** Settings of {@link sgdStep}. */
export interface SgdStepSettings {
  readonly learningRate: number;
  /** Factor of the buffer; without a buffer it has no effect. */
  readonly momentum: number;
  /** Factor of the L2 penalty. */
  readonly weightDecay: number;
}

/**
 * One step of gradient descent, in place, with g = gradient + weightDecay·weight:
 *
 * buffer ← momentum·buffer + g, weight ← weight − learningRate·buffer; without a buffer weight ← weight − learningRate·g.
 *
 * @throws as {@link checkTarget}.
 */
export function sgdStep({ weight, gradient, buffer }: SgdOperands, settings: SgdStepSettings): void {
  checkTarget("sgdStep", weight, buffer ? [gradient, buffer] : [gradient]);
  const { learningRate, momentum, weightDecay } = settings;
  wasm().sgdStep(weight.ptr, gradient.ptr, buffer?.ptr ?? 0, weight.size, learningRate, momentum, weightDecay);
}
