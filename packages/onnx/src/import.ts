import { addOperators, constant, knownOperators, Model, type OperatorSet, operatorOf } from "@neft/model";
import { checkOptions, has, kind, kinds, type Rules } from "@neft/options";
import { parameter, type Tensor } from "@neft/tensor";
import type { Draft } from "./draft.js";
import { orOnnxError, readGraph } from "./graph-reader.js";
import { decodeModelFile } from "./model-file.js";
import { OnnxSource, type ParameterOrigin } from "./onnx-source.js";
import { parameterNames } from "./parameter-names.js";
import { passes } from "./passes.js";

/** Options of `importOnnx`. */
export interface ImportOptions {
  /** Contents of external weight files by location. `externalFilesOf` lists the locations. Default: none. */
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
  /** Whether tables of embeddings (Gather of a stored matrix along axis 0) are weights on crossbars. Default: false. */
  readonly embeddings?: boolean;
  /** Sets of operators to use in addition to those that this thread knows. They stay known. Default: none. */
  readonly operators?: readonly OperatorSet[];
}

const importRules: Rules<ImportOptions> = {
  externalData: kind(
    "files' bytes by location",
    (value) =>
      has(value) &&
      Object.values(value).every((file) => has(file, "BYTES_PER_ELEMENT") && file.BYTES_PER_ELEMENT === 1),
  ),
  embeddings: kind("true or false", (value) => typeof value === "boolean"),
  operators: kind(
    "sets of operators",
    (value) => Array.isArray(value) && value.every((set) => has(set, "get", "size") && typeof set.get === "function"),
  ),
};

/**
 * Reads an ONNX file of opset 6 to 27 with the operators in SUPPORTED.md.
 *
 * Nodes get the semantics of the newest version, arithmetic on constants is evaluated, and axis 0 of the inputs
 * becomes the batch axis "N" if the network accepts any batch size. All floating-point types are computed as f32. The
 * model keeps a copy of the bytes, so that an export can overwrite weights only.
 *
 * @throws {RangeError} for an unknown option, or an argument that isn't bytes.
 * @throws {OnnxError} when the bytes aren't an ONNX model, operators are unsupported (all are listed), or shapes
 *   don't fit.
 */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Model {
  kinds.bytes(bytes, "importOnnx: bytes");
  checkOptions("importOnnx", options, importRules);
  const external = new Map(Object.entries(options.externalData ?? {}).map(([name, file]) => [name, copyOf(file)]));
  return orOnnxError(() => {
    const own = copyOf(bytes);
    const files = new Map([...external, ["", own]]);
    const file = decodeModelFile(files);
    for (const set of options.operators ?? []) addOperators(set);
    const draft = readGraph(file, files, knownOperators);
    for (const pass of passes) pass(draft);
    if (options.embeddings) placeEmbeddings(draft);
    return toModel(draft, own, external);
  });
}

/** Marks lookups, whose stored tables then stand on crossbars. */
function placeEmbeddings(draft: Draft): void {
  draft.nodes = draft.nodes.map((node) => {
    const { embeds } = operatorOf(node).traits;
    return embeds === undefined ? node : { ...node, attributes: { ...node.attributes, [embeds]: true } };
  });
}

/** Copies bytes to new memory. `slice` of a Buffer would return a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.byteLength);
  copy.set(bytes);
  return copy;
}

/** Creates the model. Tensors are freed if that fails. */
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
      const { storage, order, array } = draft.tensors.get(key)!;
      origins.set(key, { stored: storage ?? (array.data as Float32Array), order, count: array.data.length });
    }
    const types = new Map([...draft.tensors].map(([key, { type }]) => [key, type]));
    const source = new OnnxSource(bytes, external, origins, draft.locals, types);
    const { name, inputs, outputs, nodes } = draft;
    return new Model({ name, inputs, outputs, nodes, parameters, constants, source });
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}
