import type { OperatorRow, OperatorVersions } from "./row.js";

function batchNormalization(since: number): OperatorRow {
  return {
    inputs: [5, 5],
    outputs: since >= 14 ? 3 : 5,
    limits: since >= 14 ? "training_mode 0" : since < 9 ? "spatial 1" : "one output",
    convert: ({ who, attributes: read, inputs, outputs }) => {
      if (since < 9) read.int("spatial", 1, { min: 1, max: 1 });
      // Before opset 14, declaring the batch's statistics as outputs selects training mode.
      if (since < 14 && outputs.length > 1) {
        throw new Error(
          `${who}: expected one output, got ${outputs.length}, which before opset 14 means training mode: export the network in evaluation mode`,
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
