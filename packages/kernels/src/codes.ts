/** Kernel codes of the unary elementwise functions: indices into the tables of crates/crossbar-kernels/src/elementwise.rs. */
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
} as const;

/** Kernel codes of the binary elementwise functions, with and without broadcasting. */
export const binaryCode = { add: 0, sub: 1, mul: 2, div: 3 } as const;

/** Kernel codes of the reductions: indices into the table of crates/crossbar-kernels/src/reduce.rs. */
export const reductionCode = { sum: 0, mean: 1, max: 2 } as const;

/** Name of a unary elementwise function. */
export type Unary = keyof typeof unaryCode;
/** Name of a binary elementwise function. */
export type Binary = keyof typeof binaryCode;
/** Name of a reduction. */
export type Reduction = keyof typeof reductionCode;
