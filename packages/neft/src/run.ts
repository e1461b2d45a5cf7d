import { checkFree, type Model, type RunOptions, type RunResult, run as runModel } from "@neft/model";
import { checkOptions, has, kind, kinds, type Rules } from "@neft/options";
import type { Tensor } from "@neft/tensor";

const runRules: Rules<RunOptions> = {
  backend: kind("an array backend", (value) => has(value, "product")),
  batchNorm: kinds.oneOf("frozen", "batch"),
  frozenNorms: kind("a set of names", (value) => has(value, "has", "size")),
  taps: kinds.names,
  outputs: kinds.names,
  dropout: kind("a seed and a step", (value) => has(value, "seed", "step")),
};

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
  checkFree(model, "peek", "run");
  kind("a tensor, or one for each input by name", (value) => has(value))(inputs, "run: inputs");
  checkOptions("run", options, runRules);
  return runModel(model, inputs, options);
}
