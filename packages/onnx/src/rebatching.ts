import { batchAxis, freeBatch, type KnownValue, probe, probeBatch, type ShapeGraph, type ValueInfo } from "@neft/model";
import type { Draft } from "./draft.js";
import { typeOfArray } from "./graph-reader.js";

/**
 * Makes axis 0 of the inputs the batch axis "N", also if the file fixes its size but the network accepts any.
 *
 * A network that accepts only one size keeps it, and so does one with other symbolic sizes. Then all shapes are
 * inferred, if the inputs' sizes allow it, so that errors are found at import.
 *
 * @throws {Error} naming the node whose inputs don't fit at any batch size.
 */
export function rebatch(draft: Draft): void {
  nameSymbols(draft);
  const first = draft.inputs[0]?.shape[0];
  if (draft.inputs.some(({ shape }) => shape.some((n, axis) => typeof n === "string" && (axis > 0 || n !== batchAxis))))
    return;
  if (typeof first === "number" && first > 0) free(draft, first);
  inferOutputs(draft);
}

const graphOf = ({ inputs, outputs, nodes, tensors }: Draft): ShapeGraph => ({
  inputs,
  outputs: outputs.map(({ name }) => name),
  nodes,
  fixed: new Map(
    [...tensors].map(([name, { array }]): [string, KnownValue] => [
      name,
      array.dtype === "f32" ? { dtype: array.dtype, shape: array.shape } : array,
    ]),
  ),
});

/** Removes the fixed batch size if the network allows it. */
function free(draft: Draft, batch: number): void {
  const freed = freeBatch(graphOf(draft), batch);
  if (typeof freed === "string") return;
  draft.nodes = [...freed.nodes];
  for (const [name, array] of freed.added) {
    draft.tensors.set(name, { array, type: typeOfArray(array), storage: undefined, order: undefined });
  }
  const open = (info: ValueInfo): ValueInfo =>
    info.shape[0] === batch ? { ...info, shape: [batchAxis, ...info.shape.slice(1)] } : info;
  draft.inputs = draft.inputs.map(open);
  // Other sizes are inferred afterwards.
  draft.outputs = draft.outputs.map((info) => ({ ...info, shape: [batchAxis] }));
}

/**
 * Sets dtypes and shapes of the outputs to the inferred ones. Axes that grow with the batch keep the file's symbols.
 * A network that fits no other batch may still accept single samples.
 *
 * @throws {Error} naming the node whose inputs don't fit at any batch size.
 */
function inferOutputs(draft: Draft): void {
  const graph = graphOf(draft);
  const first = draft.inputs[0]?.shape[0];
  const sizes = typeof first === "number" ? [first] : [probeBatch, 1];
  const probes = sizes.map((size) => probe(graph, size));
  const fitting = probes.find(({ shapeError }) => shapeError === undefined);
  if (fitting === undefined) throw probes.at(-1)!.shapeError;
  const takesAny = typeof first === "string" && fitting.size > 1;
  const larger = takesAny ? probe(graph, 2 * fitting.size) : fitting;
  draft.outputs = draft.outputs.map((output) => {
    const found = fitting.known.get(output.name);
    if (found === undefined) return output;
    const grown = larger.known.get(output.name)?.shape ?? [];
    const shape = found.shape.map((n, axis) => {
      if (grown[axis] === n) return n;
      const declared = output.shape[axis];
      return typeof declared === "string" ? declared : axis === 0 ? batchAxis : `${output.name}_${axis}`;
    });
    return { ...output, dtype: found.dtype, shape };
  });
}

/**
 * Renames the symbol on axis 0 of the first input to "N" on every axis 0. On other axes, that symbol and a symbol "N"
 * of the file get new names, because files that write "?" or "None" on every axis don't mean that they are equal.
 */
function nameSymbols(draft: Draft): void {
  const symbol = draft.inputs[0]?.shape[0];
  if (typeof symbol !== "string") return;
  const renamed = (info: ValueInfo): ValueInfo => ({
    ...info,
    shape: info.shape.map((n, axis) => {
      if (n !== symbol && n !== batchAxis) return n;
      return axis === 0 && n === symbol ? batchAxis : n === symbol ? `${info.name}_${axis}` : `${batchAxis}_other`;
    }),
  });
  draft.inputs = draft.inputs.map(renamed);
  draft.outputs = draft.outputs.map(renamed);
}
