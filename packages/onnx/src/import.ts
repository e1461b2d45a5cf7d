import { constant, inferNodes, type KnownValue, Model } from "@neft/model";
import { checkOptions, has, kind, kinds, type Rules } from "@neft/options";
import { parameter, type Tensor } from "@neft/tensor";
import type { Draft } from "./draft.js";
import { foldConstants } from "./folding.js";
import { orOnnxError, readGraph } from "./graph-reader.js";
import { decodeModelFile } from "./model-file.js";
import { OnnxError } from "./onnx-error.js";
import { OnnxSource, type ParameterOrigin } from "./onnx-source.js";
import { rebatch } from "./rebatching.js";
import { parameterNames } from "./roles.js";
import { unshareRunningStatistics } from "./unsharing.js";

export interface ImportOptions {
  /** Bytes of external weight files by location; `externalFilesOf` names them. */
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
}

const importRules: Rules<ImportOptions> = {
  externalData: kind(
    "files' bytes by location",
    (value) =>
      has(value) &&
      Object.values(value).every((file) => has(file, "BYTES_PER_ELEMENT") && file.BYTES_PER_ELEMENT === 1),
  ),
};

/**
 * Reads an ONNX file: opsets 7 to 22, operators as in SUPPORTED.md.
 *
 * Nodes get the newest version's semantics, arithmetic on constants is done once, axis 0 of the inputs becomes the batch axis
 * "N" where the network allows it. Floating-point types are all computed as f32. The bytes are kept for an export that
 * overwrites nothing but weights; don't change them afterwards.
 *
 * @throws {RangeError} for an option that isn't known, or something else than bytes for a file.
 * @throws {OnnxError} when the bytes are no ONNX model, operators are unsupported (all listed), or something does not fit.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Model {
  kinds.bytes(bytes, "importOnnx: bytes");
  checkOptions("importOnnx", options, importRules);
  const external = new Map(Object.entries(options.externalData ?? {}));
  return orOnnxError(() => {
    const file = decodeModelFile(bytes);
    const draft = readGraph(file, new Map([...external, ["", bytes]]));
    foldConstants(draft);
    unshareRunningStatistics(draft);
    rebatch(draft);
    checkShapes(draft);
    return toModel(draft, bytes, external);
  });
}

/** Infers all shapes, where the inputs' sizes allow it, so that what does not fit is found before anything runs. */
function checkShapes(draft: Draft): void {
  const symbolic = new Set(draft.inputs.flatMap(({ shape }) => shape.filter((n) => typeof n === "string")));
  const batch = draft.inputs[0]?.shape[0];
  const isBatchOnly = symbolic.size === 0 || (symbolic.size === 1 && symbolic.has(batch as string));
  if (draft.inputs.length === 0) throw new OnnxError("importOnnx: expected a model with inputs, got none");
  if (!isBatchOnly) return;
  const known = new Map<string, KnownValue>();
  for (const { name, dtype, shape } of draft.inputs) {
    known.set(name, { dtype, shape: shape.map((n) => (typeof n === "string" ? 1 : n)) });
  }
  for (const [name, { array }] of draft.tensors) {
    known.set(name, array.dtype === "f32" ? { dtype: array.dtype, shape: array.shape } : array);
  }
  inferNodes(draft.nodes, known, { skipUnknown: true });
  draft.outputs = draft.outputs.map((output) => {
    const found = known.get(output.name);
    if (found === undefined) return output;
    const shape = found.shape.map((n, axis) => (typeof output.shape[axis] === "string" ? output.shape[axis] : n));
    return { ...output, dtype: found.dtype, shape };
  });
}

function toModel(draft: Draft, bytes: Uint8Array, external: ReadonlyMap<string, Uint8Array>): Model {
  const names = parameterNames(draft);
  const parameters = new Map<string, Tensor>();
  const constants = new Map<string, Tensor>();
  const made: Tensor[] = [];
  try {
    for (const [name, { array }] of draft.tensors) {
      const tensor = names.has(name) ? parameter(array.data as Float32Array, [...array.shape]) : constant(array);
      made.push(tensor);
      (names.has(name) ? parameters : constants).set(name, tensor);
    }
    const origins = new Map<string, ParameterOrigin>();
    for (const key of parameters.keys()) {
      const { type, place, order, array, reader } = draft.tensors.get(key)!;
      origins.set(key, { type, stored: place ?? (array.data as Float32Array), order, reader });
    }
    const source = new OnnxSource(bytes, external, origins);
    const { name, inputs, outputs, nodes } = draft;
    return new Model({ name, inputs, outputs, nodes, parameters, constants, source });
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}
