import { oneLine, shortened } from "@neft/options";

/** Limit on the length of a message, in characters. */
const maxCharacters = 20_000;

/**
 * Thrown when an ONNX file can't be read or written. The message is one line of bounded length, whatever the file
 * contains.
 */
export class OnnxError extends Error {
  override readonly name = "OnnxError";

  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(shortened(message, maxCharacters)), options);
  }
}
