import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";

/** Makes all operators known in this thread. Threads of Node do so at once, those of pages when a network needs them. */
export function addAllOperators(): void {
  addOperators(moreOperators);
}
