import * as ops from "@neft/tensor";
import { defineOperator, need, needFloat } from "./operator.js";

/**
 * y = x, unless the run has the option `dropout`: then each element is 0 with probability `ratio`, else x/(1 −
 * ratio).
 *
 * The mask's stream is derived from the run's seed and step and the node's name. The file's training_mode is ignored.
 */
export const dropout = defineOperator({
  name: "Dropout",
  arity: [1, 3],
  infer: ({ inputs }) => {
    const { dtype, shape } = needFloat(inputs, 0);
    return [{ dtype, shape }];
  },
  run: ({ node, inputs, context }) => {
    const x = need(inputs, 0);
    if (context.dropout === undefined) return [x];
    const ratio = inputs[1]?.item() ?? 0.5;
    if (!(ratio >= 0 && ratio < 1)) throw new RangeError(`ratio: expected at least 0 and below 1, got ${ratio}`);
    if (ratio === 0) return [x];
    const { seed, step } = context.dropout;
    return [ops.dropout(x, { p: ratio, key: ops.stream(seed, { purpose: "dropout", name: node.name, step }) })];
  },
  elements: null,
});
