import { OnnxError } from "./onnx-error.js";

/** Limits on the elements that an import reads and writes: a constant, plus a multiple of the file's own elements. */
const limits = { fixed: 2 ** 25, perElement: 16 } as const;

/** Bounds the arithmetic of an import, because a file of a few bytes can ask for gigabytes. */
export class Budget {
  readonly #max: number;
  #spent = 0;

  /** @param stored  Number of elements stored in the file. */
  constructor(stored: number) {
    this.#max = limits.fixed + limits.perElement * stored;
  }

  /**
   * Counts elements that are read or written for a node.
   *
   * @throws {OnnxError} naming the node that exceeds the limit.
   */
  spend(elements: number, node: string): void {
    this.#spent += elements;
    if (this.#spent <= this.#max) return;
    throw new OnnxError(
      `${node}: expected arithmetic on constants over at most ${this.#max} elements in the whole file, got more: store the results as initializers`,
    );
  }
}
