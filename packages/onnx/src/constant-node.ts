import { listNames } from "@neft/model";
import { attributesByName, storedTensor, typed } from "./attribute-reader.js";
import { AttributeType, DataType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import type { NodeProto } from "./onnx-proto.js";
import { type Files, readFloatList, type StoredTensor } from "./stored-tensor.js";

/** Unsupported parts of Constant, for SUPPORTED.md. */
export const constantLimits = "no sparse tensors, no strings";

/** First opsets of the forms of Constant. */
export const constantVersions: readonly number[] = [1, 12];

const attributeNames = ["value", "value_float", "value_floats", "value_int", "value_ints"];

/**
 * Reads a Constant node, which has exactly one of the value attributes of its opset: a tensor of the model.
 *
 * @throws {OnnxError} when it has none, several, or another one.
 */
export function readConstant(node: NodeProto, opset: number, files: Files, who: string): StoredTensor {
  const names = opset >= 12 ? attributeNames : ["value"];
  const found = attributesByName(node, who);
  const unknown = [...found.keys()].filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new OnnxError(`${who}: expected ${names.join(", ")}, got also ${listNames(unknown)}`);
  const float = typed(found, "value_float", AttributeType.FLOAT, who);
  const floats = typed(found, "value_floats", AttributeType.FLOATS, who);
  const int = typed(found, "value_int", AttributeType.INT, who);
  const ints = typed(found, "value_ints", AttributeType.INTS, who);
  // No number alone is a weight that an export overwrites.
  const storage = undefined;
  const values = [
    storedTensor(found, "value", files, who),
    float && { array: { dtype: "f32", shape: [], data: Float32Array.of(float.f) }, type: DataType.FLOAT, storage },
    floats && readFloatList(floats.floats, files),
    int && { array: { dtype: "i64", shape: [], data: BigInt64Array.of(int.i) }, type: DataType.INT64, storage },
    ints && {
      array: { dtype: "i64", shape: [ints.ints.length], data: BigInt64Array.from(ints.ints) },
      type: DataType.INT64,
      storage,
    },
  ].filter((one) => one !== undefined) as StoredTensor[];
  if (values.length !== 1) throw new OnnxError(`${who}: expected one value, got ${values.length}`);
  return values[0]!;
}
