import type { AnyRow, Operation } from "./operation.js";
import { add, div, mul, sub } from "./operations/arithmetic.js";
import { conv2dRow } from "./operations/convolution.js";
import { dropoutRow } from "./operations/dropout.js";
import {
  abs,
  clip,
  exp,
  leakyRelu,
  log,
  neg,
  relu,
  scale,
  shift,
  sigmoid,
  sqrt,
  square,
  tanh,
} from "./operations/elementwise.js";
import { concatRow, gatherRow, padRow, sliceRow } from "./operations/indexing.js";
import { expand, reshape, transposeRow } from "./operations/layout.js";
import { crossEntropyRow } from "./operations/loss.js";
import { batchNormRow, batchNormTrainRow } from "./operations/normalisation.js";
import { adaptiveAvgPool2dRow, avgPool2dRow, maxPool2dRow } from "./operations/pooling.js";
import { linearRow, matmulRow } from "./operations/products.js";
import { maxRow, meanRow, sumRow } from "./operations/reductions.js";
import { logSoftmaxRow, softmaxRow } from "./operations/softmax.js";
import { varied } from "./operations/variation.js";

/** An operation of the table, with untyped inputs and attributes. */
export interface TableOperation {
  (...args: unknown[]): ReturnType<Operation<readonly never[], unknown>>;
  readonly row: AnyRow;
}

/** Every differentiable operation. A generic test checks shape, gradient and determinism of each, on both builds. */
export const operations: readonly TableOperation[] = [
  add,
  sub,
  mul,
  div,
  neg,
  relu,
  leakyRelu,
  clip,
  sigmoid,
  tanh,
  exp,
  log,
  sqrt,
  abs,
  square,
  scale,
  shift,
  sumRow,
  meanRow,
  maxRow,
  softmaxRow,
  logSoftmaxRow,
  crossEntropyRow,
  reshape,
  transposeRow,
  expand,
  concatRow,
  sliceRow,
  padRow,
  gatherRow,
  matmulRow,
  linearRow,
  conv2dRow,
  maxPool2dRow,
  avgPool2dRow,
  adaptiveAvgPool2dRow,
  batchNormRow,
  batchNormTrainRow,
  dropoutRow,
  varied,
] as unknown as readonly TableOperation[];
