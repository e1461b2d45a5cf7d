import type { NodeCall, OperatorVersions } from "./row.js";

function dropout7(call: NodeCall) {
  const ratio = call.attributes.float("ratio", 0.5);
  const name = call.constant("ratio", { dtype: "f32", shape: [], data: Float32Array.of(ratio) });
  return { op: "Dropout", inputs: [call.inputs[0]!, name], attributes: {} };
}

export const Dropout: OperatorVersions = {
  7: {
    inputs: [1, 1],
    outputs: 2,
    limits: "no mask output; training_mode is ignored: only runs with dropout drop values",
    convert: dropout7,
  },
  12: {
    inputs: [1, 3],
    outputs: 2,
    limits: "no mask output; training_mode is ignored: only runs with dropout drop values",
    convert: ({ attributes: read, inputs }) => {
      read.ignore("seed", "masks are drawn from the run's seed");
      return { op: "Dropout", inputs, attributes: {} };
    },
  },
};
