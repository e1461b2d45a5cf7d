import { Add, Div, Mul, Sub } from "./arithmetic.js";
import { Cast } from "./casting.js";
import { Constant, ConstantOfShape, Shape } from "./constants.js";
import { Conv } from "./convolution.js";
import { Dropout } from "./dropout.js";
import { Clip, Identity, LeakyRelu, Relu, Sigmoid, Tanh } from "./elementwise.js";
import { Concat, Gather, Pad, Slice } from "./indexing.js";
import { Flatten, Reshape, Squeeze, Transpose, Unsqueeze } from "./layout.js";
import { BatchNormalization } from "./normalisation.js";
import { AveragePool, GlobalAveragePool, MaxPool } from "./pooling.js";
import { Gemm, MatMul } from "./products.js";
import { ReduceMean } from "./reductions.js";
import type { OperatorRow, OperatorVersions } from "./row.js";
import { LogSoftmax, Softmax } from "./softmax.js";

/** Range of supported opsets of the default domain, both inclusive. */
export const supportedOpsets = { min: 7, max: 22 } as const;

/**
 * Every supported ONNX operator by name, then by the first opset a row applies to. A new row exists only where the
 * attributes or inputs read here changed.
 */
export const onnxOperators: Readonly<Record<string, OperatorVersions>> = {
  ...{
    Add,
    AveragePool,
    BatchNormalization,
    Cast,
    Clip,
    Concat,
    Constant,
    ConstantOfShape,
    Conv,
    Div,
    Dropout,
    Flatten,
    Gather,
    Gemm,
  },
  ...{ GlobalAveragePool, Identity, LeakyRelu, LogSoftmax, MatMul, MaxPool, Mul, Pad, ReduceMean, Relu, Reshape },
  ...{ Shape, Sigmoid, Slice, Softmax, Squeeze, Sub, Tanh, Transpose, Unsqueeze },
};

/** Row with the highest opset up to the file's; undefined for an unknown operator. */
export function rowFor(op: string, opset: number): OperatorRow | undefined {
  if (!Object.hasOwn(onnxOperators, op)) return undefined;
  const versions = onnxOperators[op]!;
  const since = Object.keys(versions)
    .map(Number)
    .filter((version) => version <= opset);
  return since.length === 0 ? undefined : versions[Math.max(...since)];
}
