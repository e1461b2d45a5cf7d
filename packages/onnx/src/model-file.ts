import { kinds } from "@neft/options";
import { tensorsOf } from "./external-ranges.js";
import { inlineFunctions } from "./functions.js";
import { namesOfLocation } from "./location.js";
import { decode, withFields } from "./message-type.js";
import { DataLocation } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import { type GraphProto, ModelProto } from "./onnx-proto.js";
import { isDefaultDomain, supportedOpsets } from "./opsets.js";
import { withoutSequences } from "./sequences.js";
import type { Files } from "./stored-tensor.js";
import { withUniqueNames } from "./unique-names.js";

/** A decoded file. */
export interface ModelFile {
  readonly proto: ModelProto;
  readonly graph: GraphProto;
  /** Version of the default operator set. */
  readonly opset: number;
}

/**
 * Decodes a file without reading its nodes.
 *
 * @param files  Contents of files by location; "" is the model's file.
 * @throws {OnnxError} when it is empty, truncated or not an ONNX model, or has sequences that aren't known.
 */
export function decodeModelFile(files: Files): ModelFile {
  return plainFile(decodeBytes(files.get("")!), files);
}

/**
 * What is done to a file before its nodes are read, in order. A rewrite changes no output of the file; a second run of
 * it changes nothing. The file has a graph and an opset that is supported.
 */
export const rewrites: readonly ((proto: ModelProto, files: Files) => ModelProto)[] = [
  inlineFunctions,
  resolveSequences,
  giveUniqueNames,
];

/** A decoded file with nodes in place of its functions and sequences, and unique names. @param files  Those that it was decoded from. */
export function plainFile(decoded: ModelProto, files: Files): ModelFile {
  if (decoded.graph === undefined || (decoded.irVersion === 0n && decoded.opsetImport.length === 0)) {
    throw new OnnxError("importOnnx: expected an ONNX model, got a file without a graph or a format version");
  }
  const opset = opsetOf(decoded);
  const proto = rewrites.reduce((before, rewrite) => rewrite(before, files), decoded);
  return { proto, graph: proto.graph!, opset };
}

/** Puts nodes on tensors in the place of those on sequences. */
function resolveSequences(proto: ModelProto, files: Files): ModelProto {
  return withFields(proto, { graph: withoutSequences(proto.graph!, opsetOf(proto), files) });
}

/** Gives values of bodies names that no other value has. */
function giveUniqueNames(proto: ModelProto): ModelProto {
  return withFields(proto, { graph: withUniqueNames(proto.graph!) });
}

function decodeBytes(bytes: Uint8Array): ModelProto {
  if (bytes.length === 0) throw new OnnxError("importOnnx: expected an ONNX model, got an empty file");
  try {
    return decode(ModelProto, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OnnxError(
      `importOnnx: expected an ONNX model, got ${bytes.length} bytes of another format or a truncated file (${reason})`,
      { cause: error },
    );
  }
}

/** Opset version of the default domain. @throws {OnnxError} when it is missing or unsupported. */
function opsetOf(proto: ModelProto): number {
  const entry = proto.opsetImport.find(({ domain }) => isDefaultDomain(domain));
  if (entry === undefined)
    throw new OnnxError("importOnnx: expected an opset version for the default domain, got none");
  const opset = Number(entry.version);
  const { min, max } = supportedOpsets;
  if (!(opset >= min && opset <= max))
    throw new OnnxError(`importOnnx: expected an opset of ${min} to ${max}, got ${opset}`);
  return opset;
}

/**
 * Locations of a model's external weight files, to be passed to `importOnnx` as `externalData`: paths with `/`,
 * relative to the model's folder. Parts of a path may be symbolic links in the file system; `readModel` refuses
 * these, and your own reader must too.
 *
 * @throws {OnnxError} when the bytes aren't an ONNX model, or a location could leave the model's folder.
 */
export function externalFilesOf(bytes: Uint8Array): string[] {
  kinds.bytes(bytes, "externalFilesOf: bytes");
  const proto = decodeBytes(bytes);
  const locations = (proto.graph === undefined ? [] : tensorsOf(proto.graph))
    .filter((tensor) => tensor.dataLocation === DataLocation.EXTERNAL)
    .map((tensor) => tensor.externalData.find(({ key }) => key === "location")?.value ?? "");
  for (const location of locations) namesOfLocation(location);
  return [...new Set(locations)];
}
