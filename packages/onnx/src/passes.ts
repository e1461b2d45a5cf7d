import { describeNode, operatorOf } from "@neft/model";
import { type Draft, dropUnread } from "./draft.js";
import { foldConstants, removeCopies } from "./folding.js";
import { OnnxError } from "./onnx-error.js";
import { rebatch } from "./rebatching.js";
import { unshareRunningStatistics } from "./unsharing.js";

/**
 * What an import does to a graph after reading it, in order. A pass keeps every bit of the outputs, or refuses the
 * graph. A second run of it changes nothing, but for folding: a view that stayed a node is folded once its tensor has no
 * other readers. Only one run decides, because the names of weights, which draws follow from, depend on it.
 */
export const passes: readonly ((draft: Draft) => void)[] = [
  removeCopies,
  foldConstants,
  checkConstants,
  unshareRunningStatistics,
  dropUnread,
  checkInputs,
  rebatch,
];

/** @throws {OnnxError} naming a node whose operator needs a constant where it has another value. */
function checkConstants({ nodes, tensors }: Draft): void {
  for (const node of nodes) {
    for (const input of operatorOf(node).traits.constants ?? []) {
      const name = node.inputs[input] ?? "";
      if (name === "" || tensors.has(name)) continue;
      throw new OnnxError(
        `${describeNode(node)}: expected input ${input} to be a constant, got a value that isn't; export the network in evaluation mode`,
      );
    }
  }
}

/** @throws {OnnxError} for a graph without inputs. */
function checkInputs({ inputs }: Draft): void {
  if (inputs.length === 0) throw new OnnxError("importOnnx: expected a model with inputs, got none");
}
