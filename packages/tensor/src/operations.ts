import type { AnyRow, Operation } from "./operation.js";
import {
  celu,
  elu,
  gelu,
  geluTanh,
  hardSigmoid,
  hardSwish,
  mish,
  selu,
  shrink,
  softplus,
  softsign,
  swish,
  thresholdedRelu,
} from "./operations/activations.js";
import { add, div, mul, sub } from "./operations/arithmetic.js";
import { axisTableOp } from "./operations/axis-table.js";
import { convTranspose2dOp } from "./operations/conv-transpose.js";
import { conv2dOp } from "./operations/convolution.js";
import { cumProdOp, cumSumOp } from "./operations/cumulative.js";
import { deformColumns } from "./operations/deform-conv.js";
import { det } from "./operations/determinant.js";
import { dropoutOp } from "./operations/dropout.js";
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  cos,
  cosh,
  erf,
  floor,
  reciprocal,
  round,
  sign,
  sin,
  sinh,
  tan,
} from "./operations/elementary-functions.js";
import { putElements, scatterOp, takeElements } from "./operations/elements.js";
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
import { gridSampleOp } from "./operations/grid-sample.js";
import { concatOp, gatherOp, padOp, sliceOp } from "./operations/indexing.js";
import { expand, reshape, transposeOp } from "./operations/layout.js";
import { crossEntropyOp } from "./operations/loss.js";
import { lpNormalizationOp } from "./operations/lp-normalisation.js";
import { lstmCell } from "./operations/lstm-cell.js";
import { batchNormOp, batchNormTrainOp } from "./operations/normalisation.js";
import { fmod, maximum, minimum, mod, pow, prelu } from "./operations/pairs.js";
import { planeTableOp } from "./operations/plane-table.js";
import { adaptiveAvgPool2dOp, avgPool2dOp, maxPool2dOp } from "./operations/pooling.js";
import { linearOp, matmulOp } from "./operations/products.js";
import { logSumExpOp, maxOp, meanOp, normOp, prodOp, sumOp } from "./operations/reductions.js";
import { whereOp } from "./operations/selection.js";
import { logSoftmaxOp, softmaxOp } from "./operations/softmax.js";
import { addAlongAxis } from "./operations/unfold.js";
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
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  ceil,
  cos,
  cosh,
  erf,
  floor,
  reciprocal,
  round,
  sign,
  sin,
  sinh,
  tan,
  celu,
  elu,
  gelu,
  geluTanh,
  hardSigmoid,
  hardSwish,
  mish,
  selu,
  shrink,
  softplus,
  softsign,
  swish,
  thresholdedRelu,
  pow,
  maximum,
  minimum,
  fmod,
  mod,
  prelu,
  whereOp,
  sumOp,
  meanOp,
  maxOp,
  prodOp,
  normOp,
  logSumExpOp,
  cumSumOp,
  cumProdOp,
  softmaxOp,
  logSoftmaxOp,
  crossEntropyOp,
  reshape,
  transposeOp,
  expand,
  concatOp,
  sliceOp,
  padOp,
  gatherOp,
  matmulOp,
  linearOp,
  conv2dOp,
  maxPool2dOp,
  avgPool2dOp,
  adaptiveAvgPool2dOp,
  batchNormOp,
  batchNormTrainOp,
  dropoutOp,
  varied,
  takeElements,
  putElements,
  scatterOp,
  lpNormalizationOp,
  convTranspose2dOp,
  addAlongAxis,
  axisTableOp,
  gridSampleOp,
  planeTableOp,
  deformColumns,
  det,
  lstmCell,
] as unknown as readonly TableOperation[];
