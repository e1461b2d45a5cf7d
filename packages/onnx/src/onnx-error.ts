import { oneLine, shortened } from "@neft/options";

/** Limit on the length of a message, in characters. */
const maxCharacters = 20_000;

/**
 * Thrown when an ONNX file can't be read or written. The message is one line of bounded length, whatever the file
 * contains.
 */
export class OnnxError extends Error {
  override readonly name = "OnnxError";

  /** Names of the operators that aren't supported, with their domain if it isn't ONNX's; undefined if none is the cause. */
  declare readonly operators?: readonly string[];

  constructor(message: string, { operators, ...options }: ErrorOptions & Pick<OnnxError, "operators"> = {}) {
    super(oneLine(shortened(message, maxCharacters)), options);
    if (operators !== undefined) this.operators = operators;
  }
}
