import type { DType } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { textAttribute } from "../attributes.js";
import type { HostData } from "../host-array.js";
import { castElements } from "../integers.js";
import { defineOperator, need } from "./operator.js";

/** Converts x to the dtype `to`. All floating-point types of a file are f32. */
export const castTargets = ["f32", "i64", "i32", "u8", "i8", "bool"] as const satisfies readonly DType[];

/** x as another dtype, attribute `to`; every floating-point type of a file is f32 here. */
export const cast = defineOperator({
  name: "Cast",
  arity: [1, 1],
  infer: ({ node, inputs }) => [{ dtype: textAttribute(node, "to", castTargets, "f32"), shape: need(inputs, 0).shape }],
  run: ({ node, inputs }) => {
    const x = need(inputs, 0);
    const to = textAttribute(node, "to", castTargets, "f32");
    if (to === x.dtype) return [x];
    const data = castElements({ dtype: x.dtype, shape: x.shape, data: x.toArray() as HostData }, to).data;
    return [ops.tensor(data, x.shape, to)];
  },
  elements: ({ node, inputs }) => [castElements(need(inputs, 0), textAttribute(node, "to", castTargets, "f32"))],
});
