import { OnnxError } from "./onnx-error.js";

/**
 * How many elements an import may make, read and write beyond those that the file has: a file of a few bytes may ask for gigabytes;
 * a real one makes of each weight a few others.
 */
const most = { fixed: 2 ** 24, perElement: 16 } as const;

/** Elements that an import may still make of a file's. */
export class Budget {
  readonly #most: number;
  #spent = 0;

  /** @param stored  Elements that the file itself has. */
  constructor(stored: number) {
    this.#most = most.fixed + most.perElement * stored;
  }

  /** @throws {OnnxError} naming the node that goes beyond what a file of that size may ask for. */
  spend(elements: number, node: string): void {
    this.#spent += elements;
    if (this.#spent <= this.#most) return;
    throw new OnnxError(
      `${node}: expected a file whose arithmetic on constants reads and writes at most ${this.#most} elements in all, got more: store what it makes as initializers`,
    );
  }
}
