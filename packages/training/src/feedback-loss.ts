import { OptionError } from "@neft/options";
import { add, crossEntropy, scale, type Tensor } from "@neft/tensor";

/** Weights of the feedback outputs: output zᵢ has the weight −β·γᵢ. */
export interface Feedback {
  readonly beta: number;
  /** γ, one value per feedback output, in the same order. */
  readonly gamma: readonly number[];
}

/**
 * Negative feedback loss: cross entropy of (z₀ − β·Σ γᵢ zᵢ)/(N + 1), mean over the batch. Without feedback outputs it is the plain
 * cross entropy. Gradients flow through z₀ and all zᵢ.
 *
 * The factor 1/(N + 1) acts as a softmax temperature; the strategy "temperature" has this factor alone, as a control.
 *
 * @param logits    z₀, [batch, classes].
 * @param feedback  z₁ … z_N, each [batch, classes].
 * @param labels    Class of each sample, [batch].
 * @returns a scalar.
 * @throws {OptionError} if there are fewer γ than feedback outputs.
 * Source: Qin et al., NeFT, IEEE TCAD 2025, and its reference implementation.
 */
export function feedbackLoss(
  logits: Tensor,
  feedback: readonly Tensor[],
  labels: Int32Array,
  { beta, gamma }: Feedback,
): Tensor {
  checkGamma(gamma, feedback.length);
  let sum = logits;
  for (const [i, output] of feedback.entries()) sum = add(sum, scale(output, -beta * gamma[i]!));
  return crossEntropy(temper(sum, feedback.length), labels);
}

/** @throws {OptionError} if there are fewer γ than feedback outputs. */
export function checkGamma(gamma: readonly number[], outputs: number): void {
  if (gamma.length >= outputs) return;
  throw new OptionError({
    option: "strategy.gamma",
    expected: `one value for each of the ${outputs} feedback outputs`,
    got: String(gamma.length),
  });
}

/** Divides logits by n + 1. */
export function temper(logits: Tensor, n: number): Tensor {
  return n === 0 ? logits : scale(logits, 1 / (n + 1));
}
