import { addOperators, type OperatorSet } from "@neft/model";
import { OnnxError } from "@neft/onnx";

let areKnown = false;

/** Makes the operators known in this thread that a page doesn't have from the start. */
export function addMore(operators: OperatorSet): void {
  addOperators(operators);
  areKnown = true;
}

/**
 * Whether an import failed because of a node that it may read once `addMore` has made more operators known: one without a row, unless its
 * domain isn't ONNX's, or one that its row refuses, which a wider row may replace. Errors of nodes name them.
 */
export function wantsMore(error: unknown): boolean {
  if (areKnown || !(error instanceof OnnxError)) return false;
  return error.operators?.some((name) => !name.includes(".")) ?? /\bnode "/.test(error.message);
}
