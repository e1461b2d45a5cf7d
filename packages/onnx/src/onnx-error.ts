/** Everything that can be wrong with an ONNX file or with writing one. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";
}
