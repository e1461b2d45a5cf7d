import { describeNode, type GraphNode } from "./graph.js";
import type { KnownValue } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import { DataDependentError, valuesOf } from "./operators/operator.js";
import { inferGraph } from "./shapes.js";

/** What is known of values at one batch size. */
type Known = ReadonlyMap<string, KnownValue>;

/**
 * Describes the node that computes with the batch size as with a number, as a hand-written mean over the batch does;
 * undefined when there is none. Shapes may depend on the batch size, and integers that shapes are made of.
 *
 * @param here  Values at one batch size. @param there  Values at another one.
 */
export function nodeReadingBatchSize(nodes: readonly GraphNode[], here: Known, there: Known): string | undefined {
  const differs = (name: string): boolean => {
    const [one, other] = [here, there].map((known) => known.get(name)?.data);
    return one !== undefined && other !== undefined && one.join() !== other.join();
  };
  const counting = nodes.find((node) => {
    const changing = node.inputs.map((name) => name !== "" && differs(name));
    // Integers that are made of known integers go on to other nodes.
    const isOpen = node.outputs.some((name) => name !== "" && here.has(name) && here.get(name)?.data === undefined);
    return isOpen && changing.some((one, input) => one && !decidesShape(node, input, here));
  });
  return counting && describeNode(counting);
}

/** Whether the shapes of a node's outputs depend on the elements of an input. */
function decidesShape(node: GraphNode, input: number, known: Known): boolean {
  const row = operatorOf(node);
  const inputs = node.inputs.map((name, i) => {
    const value = known.get(name);
    return i === input && value ? { dtype: value.dtype, shape: value.shape } : value;
  });
  try {
    row.infer(inputs as readonly KnownValue[], valuesOf(row, node), { node, inputs, inferGraph });
    return false;
  } catch (error) {
    return error instanceof DataDependentError;
  }
}
