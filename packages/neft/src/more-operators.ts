import { addOperators, type OperatorSet } from "@neft/model";
import { OnnxError } from "@neft/onnx";

let areKnown = false;

/** Makes the operators known in this thread that a page doesn't have from the start. */
export function addMore(operators: OperatorSet): void {
  addOperators(operators);
  areKnown = true;
}

/** Whether an import failed because of operators that `addMore` may make known. Those of other domains are never among them. */
export function wantsMore(error: unknown): boolean {
  return !areKnown && error instanceof OnnxError && error.operators?.some((name) => !name.includes(".")) === true;
}
