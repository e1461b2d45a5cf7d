import { moreOperators } from "@neft/model/more";
import { addMore } from "./more-operators.js";

/** Makes all operators known in this thread. Threads of Node do so at once, those of pages when a network needs them. */
export function addAllOperators(): void {
  addMore(moreOperators);
}
