import { constant, Model } from "@neft/model";
import { checkOptions, has, kind, kinds, type Rules } from "@neft/options";
import { parameter, type Tensor } from "@neft/tensor";
import { type Draft, dropUnread } from "./draft.js";
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
 * "N" where the network allows it. Floating-point types are all computed as f32. A copy of the bytes is kept for an export that
 * overwrites nothing but weights.
 *
 * @throws {RangeError} for an option that isn't known, or something else than bytes for a file.
 * @throws {OnnxError} when the bytes are no ONNX model, operators are unsupported (all listed), or something does not fit.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Model {
  kinds.bytes(bytes, "importOnnx: bytes");
  checkOptions("importOnnx", options, importRules);
  const external = new Map(Object.entries(options.externalData ?? {}).map(([name, file]) => [name, copyOf(file)]));
  return orOnnxError(() => {
    const own = copyOf(bytes);
    const file = decodeModelFile(own);
    const draft = readGraph(file, new Map([...external, ["", own]]));
    foldConstants(draft);
    unshareRunningStatistics(draft);
    dropUnread(draft);
    if (draft.inputs.length === 0) throw new OnnxError("importOnnx: expected a model with inputs, got none");
    rebatch(draft);
    return toModel(draft, own, external);
  });
}

/** A copy in memory of its own. `slice` would not do: of a Buffer it is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
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
      const { place, order, array } = draft.tensors.get(key)!;
      origins.set(key, { stored: place ?? (array.data as Float32Array), order });
    }
    const types = new Map([...draft.tensors].map(([key, { type }]) => [key, type]));
    const source = new OnnxSource(bytes, external, origins, types);
    const { name, inputs, outputs, nodes } = draft;
    return new Model({ name, inputs, outputs, nodes, parameters, constants, source });
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}
