import { persistent, type Tensor } from "@neft/tensor";
import type { HostArray } from "./host-array.js";

/** Creates a model's constant: a fixed tensor outside all scopes. */
export function constant({ data, shape, dtype }: HostArray): Tensor {
  return persistent(data, shape, dtype);
}
