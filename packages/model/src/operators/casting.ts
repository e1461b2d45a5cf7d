import * as ops from "@neft/tensor";
import { dtype, ignored } from "../attribute-kinds.js";
import type { HostData } from "../host-array.js";
import { castElements } from "../integers.js";
import { defineOperator } from "./operator.js";
import { firstElements } from "./scaling.js";
import { firstInputPosition } from "./tracks.js";

/** x as another dtype; every floating-point type of a file is f32 here. */
export const cast = defineOperator({
  name: "Cast",
  since: 6,
  inputs: [1, 1],
  attributes: {
    to: dtype({ required: true }),
    // Both concern 8-bit floats, which are not supported.
    saturate: ignored({ since: 19 }),
    round_mode: ignored({ since: 24 }),
  },
  traits: {
    view: true,
    converts: true,
    scaling: firstElements,
    order: (interval, _, { to }) => (to === "f32" ? interval : undefined),
  },
  limits: "to FLOAT, FLOAT16, BFLOAT16, DOUBLE (all computed as FLOAT), integers, BOOL",
  track: firstInputPosition,
  infer: ([x], { to }) => [{ dtype: to, shape: x.shape }],
  run: ([x], { to }) => {
    if (to === x.dtype) return [x];
    const { data } = castElements({ dtype: x.dtype, shape: x.shape, data: x.toArray() as HostData }, to);
    return [ops.tensor(data, x.shape, to)];
  },
  integers: ([x], { to }) => [castElements(x, to)],
});
