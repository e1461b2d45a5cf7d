import * as ops from "@neft/tensor";
import { type AttributeSchema, ignored, real } from "../attribute-kinds.js";
import { scalar } from "./adaptors.js";
import { likeFloat } from "./infer.js";
import { type Adaptor, defineAdaptor, defineOperator } from "./operator.js";
import { kept } from "./order.js";
import { firstElements } from "./scaling.js";
import { firstInputPosition } from "./tracks.js";

const limits = "training_mode is ignored: only runs with dropout drop values";

/** Before opset 12, the ratio is an attribute. */
function before12(attributes: AttributeSchema): Adaptor {
  return defineAdaptor({
    inputs: [1, 1],
    outputs: 2,
    attributes: { ...attributes, ratio: real({ default: 0.5 }) },
    limits,
    adapt: ({ inputs, attributes: { ratio }, constant }) => ({
      inputs: [inputs[0]!, constant("ratio", scalar(ratio))],
    }),
  });
}

/**
 * y = x, unless the run has the option `dropout`: then each element is 0 with probability `ratio`, else x/(1 −
 * ratio). The second output says which elements were kept.
 *
 * The mask's stream is derived from the run's seed and step and the node's name. The file's training_mode is ignored.
 */
export const dropout = defineOperator({
  name: "Dropout",
  since: 12,
  inputs: [1, 3],
  outputs: 2,
  attributes: {
    // Masks are drawn from the run's seed.
    seed: ignored(),
  },
  traits: {
    tail: true,
    draws: true,
    constants: [2],
    scaling: firstElements,
    order: kept,
    drops: (constant) => constant(2) === 1 && constant(1) !== 0,
  },
  limits,
  older: {
    // As training_mode.
    6: before12({ is_test: ignored() }),
    7: before12({}),
  },
  track: firstInputPosition,
  infer: (inputs) => [...likeFloat(inputs), { dtype: "bool", shape: inputs[0].shape }],
  run: ([x, share], _, { node, context }) => {
    const mask = (elements: () => Uint8Array): ops.Tensor[] =>
      (node.outputs[1] ?? "") === "" ? [] : [ops.tensor(elements(), x.shape, "bool")];
    const all = () => mask(() => new Uint8Array(x.size).fill(1));
    if (context.dropout === undefined) return [x, ...all()];
    const ratio = share?.item() ?? 0.5;
    if (!(ratio >= 0 && ratio < 1)) throw new RangeError(`ratio: expected at least 0 and below 1, got ${ratio}`);
    if (ratio === 0) return [x, ...all()];
    const { seed, step } = context.dropout;
    const options = { p: ratio, key: ops.stream(seed, { purpose: "dropout", name: node.name, step }) };
    const kept = () => Uint8Array.from(ops.dropout(ops.full(x.shape, 1), options).floats(), (one) => (one > 0 ? 1 : 0));
    return [ops.dropout(x, options), ...mask(kept)];
  },
  integers: null,
});
