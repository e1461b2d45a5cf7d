import { add, logSoftmax, mul, reduceMean, reduceSum, scale, softmax, square, sub, type Tensor } from "@neft/tensor";
import type { CleanOutput } from "./strategy.js";

/** How the distance from the clean network's outputs is measured. */
export interface DistillationSettings {
  readonly distance: "error" | "kl";
  /** Divisor of the scores; read by "kl" alone. */
  readonly temperature: number;
}

/**
 * Distance of outputs y from those of the clean network, y₀: the mean over the outputs of
 *
 * - error: mean (y − y₀)² / power, the square of a relative error. Large outputs count no more than small ones.
 * - kl: T²·Σ p₀·(ln p₀ − ln p), mean over all vectors along the last axis, with p = softmax(y / T). The factor T² keeps the size of the
 *   gradients at every temperature.
 *
 * @returns a scalar ≥ 0. Gradients flow through `outputs` alone.
 * Source: Hinton, Vinyals & Dean, "Distilling the knowledge in a neural network", 2015, for kl.
 */
export function distillationLoss(
  outputs: readonly Tensor[],
  clean: readonly CleanOutput[],
  { distance, temperature }: DistillationSettings,
): Tensor {
  const distances = outputs.map((output, i) => {
    const { values, power } = clean[i]!;
    return distance === "kl" ? divergence(output, values, temperature) : error(output, values, power);
  });
  return scale(distances.reduce(add), 1 / distances.length);
}

const error = (output: Tensor, clean: Tensor, power: number): Tensor =>
  scale(reduceMean(square(sub(output, clean))), 1 / power);

function divergence(output: Tensor, clean: Tensor, temperature: number): Tensor {
  const [own, expected] = [output, clean].map((scores) => scale(scores, 1 / temperature)) as [Tensor, Tensor];
  const vectors = output.size / output.shape.at(-1)!;
  const difference = sub(logSoftmax(expected), logSoftmax(own));
  return scale(reduceSum(mul(softmax(expected), difference)), (temperature * temperature) / vectors);
}
