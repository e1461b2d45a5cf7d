import { checkFree, type Model, type RunOptions, type RunResult, run as runModel } from "@neft/model";
import type { Tensor } from "@neft/tensor";

/**
 * Runs a model digitally on a batch.
 *
 * @param inputs  A tensor for a model with one input, or one for each by name.
 * @throws {Error} naming the input or node where something doesn't fit; while a finetuning changes the model, but in its
 *   `onProgress`.
 */
export function run(
  model: Model,
  inputs: Tensor | Readonly<Record<string, Tensor>>,
  options: RunOptions = {},
): RunResult {
  checkFree(model, "read", "run");
  return runModel(model, inputs, options);
}
