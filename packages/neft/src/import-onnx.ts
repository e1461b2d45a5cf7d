import type { Model } from "@neft/model";
import { type ImportOptions, importOnnx as importKnown, OnnxError } from "@neft/onnx";
import { wantsMore } from "./more-operators.js";

/**
 * Reads an ONNX file of opset 6 to 27 with the operators in SUPPORTED.md. On a page, await `loadOperators` first for those that convolutional
 * networks don't use.
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
  try {
    return importKnown(bytes, options);
  } catch (error) {
    if (!wantsMore(error)) throw error;
    const { message, operators = [] } = error as OnnxError;
    throw new OnnxError(`${message}; await loadOperators() first: it brings more operators`, { operators });
  }
}
