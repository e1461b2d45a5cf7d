import { checkFree, type Model, type RunOptions, type RunResult, run as runModel } from "@neft/model";
import { checkOptions, has, kind, kinds, type Rules } from "@neft/options";
import type { Tensor } from "@neft/tensor";

const runRules: Rules<RunOptions> = {
  backend: kind("an array backend", (value) => has(value, "product")),
  batchNorm: kinds.oneOf("frozen", "batch"),
  frozenNorms: kind("a set of names", (value) => has(value, "has", "size")),
  parameters: kind(
    "a map of tensors by name",
    (value) => value instanceof Map && [...value.values()].every((one) => has(one, "shape", "dtype")),
  ),
  taps: kinds.names,
  outputs: kinds.names,
  dropout: kind("a seed and a step", (value) => has(value, "seed", "step")),
  observe: kinds.callback,
};

/**
 * Runs a model digitally on a batch.
 *
 * @param inputs  one tensor for a model with one input, or one per input by name.
 * @throws {Error} if an input or a node's shapes don't fit (the error names it), or while `finetune` changes the model; its
 *   `onProgress` may run the model.
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
