import type { Attribute } from "../onnx-file.js";
import { fixed, type Sample, x } from "./sample.js";

const gemm = (
  about: string,
  inputs: Sample["inputs"],
  attributes: Record<string, Attribute> = {},
  more = {},
): Sample => ({
  op: "Gemm",
  about,
  inputs,
  attributes,
  ...more,
});

export const products: readonly Sample[] = [
  gemm("plain", [x(3, 4), fixed(4, 5), fixed(5)]),
  gemm("transB", [x(3, 4), fixed(5, 4), fixed(5)], { transB: 1 }),
  gemm("transA", [x(4, 3), fixed(4, 5), fixed(5)], { transA: 1 }),
  gemm("alpha and beta", [x(3, 4), fixed(4, 5), fixed(5)], { alpha: { float: 0.5 }, beta: { float: -2 } }),
  gemm("a column to add", [x(3, 4), fixed(4, 5), x(3, 1)]),
  gemm("a matrix to add", [x(3, 4), x(4, 5), x(3, 5)], { beta: { float: 0.5 } }),
  gemm("a scalar to add", [x(3, 4), fixed(4, 5), fixed()]),
  gemm("the weight first", [fixed(5, 4), x(4, 3), fixed(5, 1)]),
  gemm("the weight first, both transposed", [fixed(4, 5), x(3, 4), fixed(3)], { transA: 1, transB: 1 }),
  gemm("nothing to add", [x(3, 4), fixed(5, 4)], { transB: 1 }, { from: 11 }),
  { op: "MatMul", about: "a fixed matrix", inputs: [x(3, 4), fixed(4, 5)] },
  { op: "MatMul", about: "a batch and a fixed matrix", inputs: [x(2, 3, 4), fixed(4, 5)] },
  { op: "MatMul", about: "a fixed matrix first", inputs: [fixed(5, 4), x(4, 3)] },
  { op: "MatMul", about: "a fixed matrix and a batch", inputs: [fixed(5, 4), x(2, 4, 3)] },
  { op: "MatMul", about: "two batches", inputs: [x(2, 1, 3, 4), x(3, 4, 5)] },
  { op: "MatMul", about: "a vector and a matrix", inputs: [x(4), x(4, 5)] },
  { op: "MatMul", about: "a fixed matrix and a vector", inputs: [fixed(5, 4), x(4)] },
  { op: "MatMul", about: "a vector and a fixed matrix", inputs: [x(4), fixed(4, 5)] },
  { op: "MatMul", about: "a batch and a vector", inputs: [x(2, 3, 4), x(4)] },
];
