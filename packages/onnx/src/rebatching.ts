import type { KnownValue, ValueInfo } from "@neft/model";
import { batchAxis, inferNodes, int64Array, toNumbers } from "@neft/model";
import type { Draft } from "./draft.js";

/**
 * Makes axis 0 of a draft's inputs the batch axis "N", also where the file fixes its size.
 *
 * A file with a fixed batch has it in the constants of its Reshapes too. With every shape known at that batch, each such target
 * is resolved and its leading entry, where it is the batch, replaced by −1, which is N at any batch. The result must then infer
 * at twice the batch with every output twice as long; a network that mixes samples does not, and keeps its fixed size.
 */
export function rebatch(draft: Draft): void {
  const first = draft.inputs[0]?.shape[0];
  if (first === undefined) return;
  if (typeof first === "string") {
    renameSymbol(draft, first);
    return;
  }
  const fixed = inferAt(draft, new Map());
  if (fixed === undefined || first === 0) return;
  const retargeted = retarget(draft, first, fixed);
  const isBatched = ({ shape }: ValueInfo) => shape[0] === first;
  const inputs = draft.inputs.map((info) =>
    isBatched(info) ? { ...info, shape: [2 * first, ...info.shape.slice(1)] } : info,
  );
  const twice = inferAt({ ...retargeted, inputs }, new Map());
  const scales = (name: string) => {
    const [small, large] = [fixed.get(name)?.shape, twice?.get(name)?.shape];
    return (
      small !== undefined &&
      large !== undefined &&
      small[0] === first &&
      large.join() === [2 * first, ...small.slice(1)].join()
    );
  };
  if (!draft.outputs.every(({ name }) => scales(name))) return;
  draft.nodes = retargeted.nodes;
  for (const [name, tensor] of retargeted.tensors) draft.tensors.set(name, tensor);
  draft.inputs = draft.inputs.map((info) =>
    isBatched(info) ? { ...info, shape: [batchAxis, ...info.shape.slice(1)] } : info,
  );
  draft.outputs = draft.outputs.map(({ name }) => {
    const { dtype, shape } = fixed.get(name)!;
    return { name, dtype, shape: [batchAxis, ...shape.slice(1)] };
  });
}

/** Every value with the inputs as declared, or undefined where a size is symbolic or something does not fit. */
function inferAt(draft: Draft, symbols: ReadonlyMap<string, number>): Map<string, KnownValue> | undefined {
  const known = new Map<string, KnownValue>();
  for (const { name, dtype, shape } of draft.inputs) {
    const sizes = shape.map((n) => (typeof n === "number" ? n : symbols.get(n)));
    if (sizes.includes(undefined)) return undefined;
    known.set(name, { dtype, shape: sizes as number[] });
  }
  for (const [name, { array }] of draft.tensors) {
    known.set(name, array.dtype === "f32" ? { dtype: array.dtype, shape: array.shape } : array);
  }
  try {
    return inferNodes(draft.nodes, known, { skipUnknown: true });
  } catch {
    return undefined;
  }
}

/** The draft with the leading batch entry of every constant Reshape target replaced. */
function retarget(draft: Draft, batch: number, fixed: ReadonlyMap<string, KnownValue>): Draft {
  const tensors = new Map(draft.tensors);
  const nodes = draft.nodes.map((node) => {
    const target = node.op === "Reshape" ? draft.tensors.get(node.inputs[1]!) : undefined;
    if (target === undefined || toNumbers(target.array)[0] !== batch) return node;
    const shape = fixed.get(node.outputs[0]!)?.shape;
    if (shape === undefined || shape.includes(0)) return node;
    const name = `${node.name}.shape`;
    if (tensors.has(name)) return node;
    tensors.set(name, { ...target, array: int64Array([-1, ...shape.slice(1)]) });
    return { ...node, inputs: [node.inputs[0]!, name] };
  });
  return { ...draft, nodes, tensors };
}

/** Calls the batch symbol "N" wherever it stands, and any other symbol of that name something else. */
function renameSymbol(draft: Draft, symbol: string): void {
  const rename = (n: number | string) => (n === symbol ? batchAxis : n === batchAxis ? `${batchAxis}_other` : n);
  const renamed = (info: ValueInfo) => ({ ...info, shape: info.shape.map(rename) });
  draft.inputs = draft.inputs.map(renamed);
  draft.outputs = draft.outputs.map(renamed);
}
