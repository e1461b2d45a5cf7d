/** Kernel codes of the unary elementwise functions: indices into the tables of crates/crossbar-kernels/src/arrays/elementwise/unary.rs. */
export const unaryCode = {
  neg: 0,
  relu: 1,
  leakyRelu: 2,
  clip: 3,
  sigmoid: 4,
  tanh: 5,
  exp: 6,
  log: 7,
  sqrt: 8,
  abs: 9,
  square: 10,
  scale: 11,
  shift: 12,
  sin: 13,
  cos: 14,
  tan: 15,
  asin: 16,
  acos: 17,
  atan: 18,
  sinh: 19,
  cosh: 20,
  asinh: 21,
  acosh: 22,
  atanh: 23,
  erf: 24,
  floor: 25,
  ceil: 26,
  round: 27,
  sign: 28,
  reciprocal: 29,
  softplus: 30,
  softsign: 31,
  elu: 32,
  selu: 33,
  celu: 34,
  hardSigmoid: 35,
  hardSwish: 36,
  mish: 37,
  gelu: 38,
  geluTanh: 39,
  thresholdedRelu: 40,
  shrink: 41,
  swish: 42,
} as const;

/** Kernel codes of the binary elementwise functions, with and without broadcasting, as in elementwise/pairs.rs. */
export const binaryCode = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  pow: 4,
  powBaseSlope: 5,
  powExponentSlope: 6,
  maximum: 7,
  minimum: 8,
  notBelow: 9,
  below: 10,
  fmod: 11,
  mod: 12,
  prelu: 13,
  preluSlope: 14,
} as const;

/** Kernel codes of the reductions: indices into the table of crates/crossbar-kernels/src/arrays/reduce.rs. */
export const reductionCode = { sum: 0, mean: 1, max: 2, product: 3, norm: 4, logSumExp: 5 } as const;

/** Kernel codes of the cumulative functions, as in arrays/lines.rs. */
export const scanCode = { sum: 0, product: 1 } as const;

/** Name of a unary elementwise function. */
export type Unary = keyof typeof unaryCode;
/** Name of a binary elementwise function. */
export type Binary = keyof typeof binaryCode;
/** Name of a reduction. */
export type Reduction = keyof typeof reductionCode;
/** Name of a cumulative function. */
export type Scan = keyof typeof scanCode;
