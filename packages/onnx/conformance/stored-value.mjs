// Inputs and outputs that are stored in files.
import { readFileSync } from "node:fs";
import { create, DataType, decode, readTensor, TensorProto } from "@neft/onnx";

/**
 * @typedef {object} StoredValue
 * @property {import("@neft/onnx").TensorProto} proto
 * @property {Uint8Array} bytes  The file, of which proto has views.
 */

/**
 * Reads a file of one value.
 *
 * @param {string} path
 * @param {number} [declared]  DataType that the model declares. Suites of onnx before 1.13 store the bits of BFLOAT16 as UINT16.
 * @returns {StoredValue}
 */
export function readValue(path, declared) {
  const bytes = readFileSync(path);
  const proto = decode(TensorProto, bytes);
  const isBits = declared === DataType.BFLOAT16 && proto.dataType === DataType.UINT16;
  return { proto: isBits ? create(TensorProto, { ...proto, dataType: declared }) : proto, bytes };
}

/** Elements of a value, as a model has them. @throws {OnnxError} when the type is unsupported. */
export function arrayOf({ proto, bytes }, who) {
  return readTensor(proto, new Map([["", bytes]]), who).array;
}
