import { OnnxError } from "@neft/onnx";
import { OptionError } from "@neft/options";
import { registerErrors } from "@neft/work";

/** Lets our own errors keep their class between threads. Called by all that start workers, and by all workers. */
export function keepErrorClasses(): void {
  registerErrors({ OnnxError, OptionError });
}
