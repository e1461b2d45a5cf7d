import { kinds } from "@neft/options";
import type { AnyRow, Kept } from "./operation.js";
import { alias, Tensor } from "./tensor.js";

/** Where a gradient goes: the step that made the input, or the parameter itself; undefined where none is needed. */
export type Edge = GraphNode | Tensor | undefined;

let nextId = 0;
let recording = true;

/** Whether operations are recorded for a backward pass. */
export function isRecording(): boolean {
  return recording;
}

/** Runs `fn` without recording: results need no gradient and nothing is kept for a backward pass. */
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
 * One recorded operation: what its gradient rules read, and where their results go.
 *
 * It lives as long as its output or a later step refers to it, so an activation is freed as soon as neither the
 * program nor a gradient rule can read it.
 */
export class GraphNode {
  /** Later steps have larger numbers. */
  readonly id = nextId++;
  readonly row: AnyRow;
  readonly attributes: unknown;
  /** Aliases of the inputs the rules read; of the others only the shape. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly output: Tensor;
  readonly saved: readonly Tensor[];
  readonly edges: readonly Edge[];
  /** Set once a backward pass has used it up. */
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
      keeps.includes(which) ? alias(tensor) : hollow(row, tensor, which);
    this.inputs = inputs.map((input, i) => input && keep(input, i));
    this.output = keep(output, "output");
    this.saved = saved;
    this.edges = edges;
    for (const edge of edges) if (edge instanceof GraphNode) edge.#references++;
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references > 0 || this.isConsumed) return;
    this.consume();
  }

  /** Frees what it keeps and lets go of earlier steps. A loop, not recursion: graphs are deep. */
  consume(): void {
    const pending: GraphNode[] = [this];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (node.isConsumed) continue;
      node.isConsumed = true;
      for (const input of node.inputs) input?.free("one that a backward pass has used up");
      for (const saved of node.saved) saved.free("one that a backward pass has used up");
      node.output.free("one that a backward pass has used up");
      for (const edge of node.edges) if (edge instanceof GraphNode && --edge.#references === 0) pending.push(edge);
    }
  }
}

/** The shape of a tensor whose elements aren't kept. */
function hollow(row: AnyRow, { shape, dtype }: Tensor, which: Kept[number]): Tensor {
  const tensor = new Tensor(shape, dtype, undefined);
  tensor.gone = `${which === "output" ? "the output" : `input ${which}`} of ${row.name}, which its row doesn't keep`;
  return tensor;
}
