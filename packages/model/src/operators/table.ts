import { add, clip, div, leakyRelu, mul, relu, sigmoid, sub, tanh } from "./elementwise.js";
import { batchNormalization, dropout, logSoftmax, softmax } from "./normalizing.js";
import type { Operator } from "./operator.js";
import { averagePool, globalAveragePool, maxPool, reduceMean } from "./pooling.js";
import { conv, gemm, matmul } from "./products.js";
import { concat, flatten, identity, reshape, squeeze, transpose, unsqueeze } from "./rearranging.js";
import { cast, constantOfShape, gather, pad, shape, slice } from "./selecting.js";

const rows: readonly Operator[] = [
  ...[
    add,
    averagePool,
    batchNormalization,
    cast,
    clip,
    concat,
    constantOfShape,
    conv,
    div,
    dropout,
    flatten,
    gather,
    gemm,
  ],
  ...[globalAveragePool, identity, leakyRelu, logSoftmax, matmul, maxPool, mul, pad, reduceMean, relu, reshape],
  ...[shape, sigmoid, slice, softmax, squeeze, sub, tanh, transpose, unsqueeze],
];

/** Every operator a model may use, by name. */
export const operatorTable: ReadonlyMap<string, Operator> = new Map(rows.map((row) => [row.name, row]));
