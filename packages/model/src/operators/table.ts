import { add, div, mul, sub } from "./arithmetic.js";
import { cast } from "./casting.js";
import { constantOfShape, shape } from "./constants.js";
import { conv } from "./convolution.js";
import { dropout } from "./dropout.js";
import { clip, identity, leakyRelu, relu, sigmoid, tanh } from "./elementwise.js";
import { concat, gather, pad, slice } from "./indexing.js";
import { flatten, reshape, squeeze, transpose, unsqueeze } from "./layout.js";
import { batchNormalization } from "./normalisation.js";
import type { Operator } from "./operator.js";
import { averagePool, globalAveragePool, maxPool } from "./pooling.js";
import { gemm, matmul } from "./products.js";
import { reduceMean } from "./reductions.js";
import { logSoftmax, softmax } from "./softmax.js";

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

/** Every operator that a model can use, by name. */
export const operatorTable: ReadonlyMap<string, Operator> = new Map(rows.map((row) => [row.name, row]));
