import { oneLine, shortened } from "@neft/options";

/** Characters of a message; a list of a file's operators may be long, but nothing a file holds makes it longer. */
const mostCharacters = 20_000;

/** Everything that can be wrong with an ONNX file or with writing one. Its message is one line of bounded length, whatever a file holds. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";

  constructor(message: string, options?: ErrorOptions) {
    super(oneLine(shortened(message, mostCharacters)), options);
  }
}
