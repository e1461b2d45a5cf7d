import { kinds } from "@neft/options";
import type { AnyRow, Kept } from "./operation.js";
import { alias, Tensor } from "./tensor.js";

/** Target of an input's gradient: the node that computed the input, or the parameter itself; undefined when no gradient is needed. */
export type Edge = AutogradNode | Tensor | undefined;

let nextId = 0;
let recording = true;

/** Whether operations are recorded for a backward pass. */
export function isRecording(): boolean {
  return recording;
}

/** Id of the node of the last recorded operation; −1 before the first. Ids increase. */
export function lastRecorded(): number {
  return nextId - 1;
}

/** Runs `fn` without recording operations for a backward pass: its results need no gradient. @returns the result of `fn`. */
export function noGrad<T>(fn: () => T): T {
  kinds.callback(fn, "noGrad: fn");
  const before = recording;
  recording = false;
  try {
    return fn();
  } finally {
    recording = before;
  }
}

/**
 * One recorded operation: the tensors that its gradient rules read, and the targets of their results.
 *
 * It is reference-counted by its output and later nodes. An activation is therefore freed as soon as neither the program nor a gradient
 * rule can read it.
 */
export class AutogradNode {
  /** Increases with every recorded operation. */
  readonly id = nextId++;
  readonly row: AnyRow;
  readonly attributes: unknown;
  /** The inputs: aliases of those that the row keeps, shapes only of the others. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** The output: an alias when the row keeps it, otherwise only the shape. */
  readonly output: Tensor;
  /** Tensors that the forward pass saved for the rules. */
  readonly saved: readonly Tensor[];
  /** Target of each input's gradient. */
  readonly edges: readonly Edge[];
  /** Whether its tensors are freed: after a backward pass, or when nothing refers to it. */
  isConsumed = false;
  #references = 1;

  constructor(
    row: AnyRow,
    attributes: unknown,
    inputs: readonly (Tensor | undefined)[],
    output: Tensor,
    saved: readonly Tensor[],
    edges: readonly Edge[],
  ) {
    this.row = row;
    this.attributes = attributes;
    const keeps = typeof row.keeps === "function" ? row.keeps(attributes) : row.keeps;
    const keep = (tensor: Tensor, which: Kept[number]) =>
      keeps.includes(which) ? alias(tensor) : shapeOnly(row, tensor, which);
    this.inputs = inputs.map((input, i) => input && keep(input, i));
    this.output = keep(output, "output");
    this.saved = saved;
    this.edges = edges;
    for (const edge of edges) if (edge instanceof AutogradNode) edge.#references++;
  }

  /** Adds a reference. */
  retain(): void {
    this.#references++;
  }

  /** Drops a reference; the last one consumes the node. */
  release(): void {
    if (--this.#references > 0 || this.isConsumed) return;
    this.consume();
  }

  /**
   * Frees its tensors and drops its references to earlier nodes; nodes without references are consumed too. It uses a loop, because
   * recursion would overflow on deep graphs.
   */
  consume(): void {
    const pending: AutogradNode[] = [this];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node.isConsumed) continue;
      node.isConsumed = true;
      for (const input of node.inputs) input?.free("one that a backward pass has consumed");
      for (const saved of node.saved) saved.free("one that a backward pass has consumed");
      node.output.free("one that a backward pass has consumed");
      for (const edge of node.edges) if (edge instanceof AutogradNode && --edge.#references === 0) pending.push(edge);
    }
  }
}

/** A tensor with the shape of another but no elements: reading it is an error. */
function shapeOnly(row: AnyRow, { shape, dtype }: Tensor, which: Kept[number]): Tensor {
  const tensor = new Tensor(shape, dtype, undefined);
  tensor.invalidReason = `${which === "output" ? "the output" : `input ${which}`} of ${row.name}, which its row doesn't keep`;
  return tensor;
}
