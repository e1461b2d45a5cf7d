import { printable, shortened } from "@neft/options";

/** Characters of a message; a list of a file's operators may be long, but nothing a file holds makes it longer. */
const mostCharacters = 20_000;

/** Everything that can be wrong with an ONNX file or with writing one. The message can be printed as it is. */
export class OnnxError extends Error {
  override readonly name = "OnnxError";

  constructor(message: string, options?: ErrorOptions) {
    super(printable(shortened(message, mostCharacters)), options);
  }
}
