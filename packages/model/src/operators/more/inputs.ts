import type { HostArray } from "../../host-array.js";
import { DataDependentError, type OperatorCall } from "../operator.js";

/**
 * Elements of a float input; undefined when it is absent or has none.
 *
 * @throws {DataDependentError} during shape inference, when the elements depend on data.
 */
export function floatsOf(call: OperatorCall, index: number): number[] | undefined {
  const input = call.inputs[index];
  if (input === undefined || input.shape.includes(0)) return undefined;
  if (input.dtype !== "f32") throw new TypeError(`expected input ${index} as f32, got ${input.dtype}`);
  if ("values" in input) return Array.from(input.floats());
  const { data } = input as Partial<HostArray>;
  if (data === undefined)
    throw new DataDependentError(`expected input ${index} to be a constant, got a value that depends on data`);
  return Array.from(data as Float32Array);
}
