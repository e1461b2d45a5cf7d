import { persistent, type Tensor } from "@neft/tensor";
import type { HostArray } from "./host-array.js";

/** A fixed tensor outside all scopes, for a model's constants. */
export function constant({ data, shape, dtype }: HostArray): Tensor {
  return persistent(data, shape, dtype);
}
