import type { OperatorRow, OperatorVersions } from "./row.js";

function gemm(inputs: readonly [number, number]): OperatorRow {
  return {
    inputs,
    outputs: 1,
    convert: ({ attributes: read, inputs: names }) => ({
      op: "Gemm",
      inputs: names,
      attributes: {
        alpha: read.float("alpha", 1),
        beta: read.float("beta", 1),
        transA: read.flag("transA", 0),
        transB: read.flag("transB", 0),
      },
    }),
  };
}

export const Gemm: OperatorVersions = { 7: gemm([3, 3]), 11: gemm([2, 3]) };

export const MatMul: OperatorVersions = {
  1: { inputs: [2, 2], outputs: 1, convert: ({ inputs }) => ({ op: "MatMul", inputs, attributes: {} }) },
};
