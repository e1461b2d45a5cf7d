import type { NodeCall, OperatorRow, OperatorVersions } from "./row.js";

function batchNormalization(since: number): OperatorRow {
  return {
    inputs: [5, 5],
    outputs: since >= 14 ? 3 : 5,
    limits: since >= 14 ? "training_mode 0" : since < 9 ? "spatial 1" : "one output",
    convert: ({ who, attributes: read, inputs, outputs }) => {
      if (since < 9) read.int("spatial", 1, { least: 1, most: 1 });
      // Until opset 13 the outputs say what is meant: the batch's own statistics where they are given out, else the running ones.
      if (since < 14 && outputs.length > 1) {
        throw new Error(
          `${who}: expected one output, got ${outputs.length}, which mean training mode before opset 14: export the network in evaluation mode`,
        );
      }
      if (since >= 14 && read.flag("training_mode", 0) === 1) {
        throw new Error(`${who}: training_mode: expected 0, got 1: export the network in evaluation mode`);
      }
      return {
        op: "BatchNormalization",
        inputs,
        attributes: { epsilon: read.float("epsilon", 1e-5), momentum: read.float("momentum", 0.9) },
      };
    },
  };
}

export const BatchNormalization: OperatorVersions = {
  7: batchNormalization(7),
  9: batchNormalization(9),
  14: batchNormalization(14),
};

/** Until opset 12 an axis stands for itself and all after it, taken as one. */
function softmax(op: string, since: number): OperatorRow {
  return {
    inputs: [1, 1],
    outputs: 1,
    convert: ({ attributes: read, inputs }) => {
      const axis = read.int("axis", since >= 13 ? -1 : 1);
      return { op, inputs, attributes: since >= 13 ? { axis } : { axis, coerce: 1 } };
    },
  };
}

const softmaxVersions = (op: string): OperatorVersions => ({
  1: softmax(op, 1),
  13: softmax(op, 13),
});

export const Softmax = softmaxVersions("Softmax");
export const LogSoftmax = softmaxVersions("LogSoftmax");

function dropout7(call: NodeCall) {
  const ratio = call.attributes.float("ratio", 0.5);
  const name = call.constant("ratio", { dtype: "f32", shape: [], data: Float32Array.of(ratio) });
  return { op: "Dropout", inputs: [call.inputs[0]!, name], attributes: {} };
}

export const Dropout: OperatorVersions = {
  7: {
    inputs: [1, 1],
    outputs: 2,
    limits: "no mask output; drops only in runs that ask for it, whatever training_mode is",
    convert: dropout7,
  },
  12: {
    inputs: [1, 3],
    outputs: 2,
    limits: "no mask output; drops only in runs that ask for it, whatever training_mode is",
    convert: ({ attributes: read, inputs }) => {
      read.ignore("seed", "the run's seed draws the masks");
      return { op: "Dropout", inputs, attributes: {} };
    },
  },
};
