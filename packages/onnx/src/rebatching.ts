import { batchAxis, freeBatch, type KnownValue, probe, probeBatch, type ShapeGraph, type ValueInfo } from "@neft/model";
import type { Draft } from "./draft.js";
import { typeOfArray } from "./graph-reader.js";

/**
 * Makes axis 0 of a draft's inputs the batch axis "N", also where the file fixes its size and the network takes any.
 *
 * A network that doesn't, or whose other sizes follow from data alone, keeps its batch. Then infers all shapes, where the inputs'
 * sizes allow it, so that what does not fit is found before anything runs.
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

function free(draft: Draft, batch: number): void {
  const freed = freeBatch(graphOf(draft), batch);
  if (typeof freed === "string") return;
  draft.nodes = [...freed.nodes];
  for (const [name, array] of freed.added) {
    draft.tensors.set(name, { array, type: typeOfArray(array), place: undefined, order: undefined });
  }
  const open = (info: ValueInfo): ValueInfo =>
    info.shape[0] === batch ? { ...info, shape: [batchAxis, ...info.shape.slice(1)] } : info;
  draft.inputs = draft.inputs.map(open);
  // Sizes are inferred, but for what a declared symbol names.
  draft.outputs = draft.outputs.map((info) => ({ ...info, shape: [batchAxis] }));
}

/**
 * Outputs as inferred: their axes that grow with the batch keep the symbols of the file. A network that fits no other batch may
 * still take single samples.
 * @throws {Error} naming the node whose inputs fit at no batch.
 */
function inferOutputs(draft: Draft): void {
  const graph = graphOf(draft);
  const first = draft.inputs[0]?.shape[0];
  const sizes = typeof first === "number" ? [first] : [probeBatch, 1];
  const probes = sizes.map((size) => probe(graph, size));
  const fitting = probes.find(({ misfit }) => misfit === undefined);
  if (fitting === undefined) throw probes.at(-1)!.misfit;
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
 * Calls the symbol on axis 0 of the first input "N" where it stands on an axis 0, and gives other axes that have the same symbol, or
 * one of the file's own called "N", another: files that write "?" or "None" on every axis don't mean that all are equal.
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
