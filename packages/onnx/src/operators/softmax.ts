import type { OperatorRow, OperatorVersions } from "./row.js";

/** Before opset 13, softmax covers its axis and all later ones together. */
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
