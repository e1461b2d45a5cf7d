import { addMore } from "./more-operators.js";

/**
 * Loads the operators that a page doesn't have from the start, and makes them known to `importOnnx` and all other functions of this thread.
 * Bundlers make a chunk of them. Sessions and job workers load theirs when a network needs one; in Node all operators are known.
 * @throws {Error} if the bundler's chunk can't be loaded.
 */
export async function loadOperators(): Promise<void> {
  const { moreOperators } = await import("@neft/model/more");
  addMore(moreOperators);
}
