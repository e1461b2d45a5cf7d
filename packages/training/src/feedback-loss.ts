import { OptionError } from "@neft/options";
import { add, crossEntropy, scale, type Tensor } from "@neft/tensor";

/** Strength of negative feedback. */
export interface Feedback {
  readonly beta: number;
  /** One weight for each feedback output, in its order. */
  readonly gamma: readonly number[];
}

/**
 * Negative feedback loss: CE((z₀ − β·Σ γᵢ zᵢ)/(N + 1), labels), mean over the batch; the plain cross entropy when there
 * is no feedback output. Gradients flow through z₀ and every zᵢ.
 *
 * 1/(N + 1) by itself is the temperature of a softmax: strategy "temperature" is the control that has nothing else.
 *
 * @param logits    z₀ [batch, classes].
 * @param feedback  z₁ … z_N, each [batch, classes].
 * @param labels    one class a sample.
 * @throws {RangeError} when there are fewer γ than feedback outputs.
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

/** @throws {RangeError} when there are fewer γ than feedback outputs. */
export function checkGamma(gamma: readonly number[], outputs: number): void {
  if (gamma.length >= outputs) return;
  throw new OptionError({
    option: "strategy.gamma",
    expected: `one value for each of the ${outputs} feedback outputs`,
    got: String(gamma.length),
  });
}

/** z/(N + 1). */
export function temper(logits: Tensor, n: number): Tensor {
  return n === 0 ? logits : scale(logits, 1 / (n + 1));
}
