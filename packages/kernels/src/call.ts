import { linearMemory, wasm } from "./instance.js";

/** Variation of a product's weights. */
export interface VariationFields {
  /** 0 none, 1 one draw for the call, 2 a draw for every sample. */
  readonly kind: number;
  /** max |w| of the tensor. */
  readonly sMax: number;
  /** Standard deviations in weight units by level, equal ones for all weights; unused with a table. */
  readonly sigmaOuter: number;
  readonly sigmaMid: number;
  /** Address of standard deviations (f32) at equal distances of |w|/sMax from 0 to 1; 0 for none. */
  readonly table: number;
  /** Number of its values, 2 at least. */
  readonly tableSize: number;
  /** Key of the stream, 64 bits. */
  readonly key: bigint;
  /** Index of the call's first sample in the whole batch, for a draw for every sample. */
  readonly firstSample: number;
}

/** No variation. */
export const noVariation: VariationFields = {
  kind: 0,
  sMax: 0,
  sigmaOuter: 0,
  sigmaMid: 0,
  table: 0,
  tableSize: 0,
  key: 0n,
  firstSample: 0,
};

/** Sizes of a fully connected layer. */
export interface LinearShape {
  readonly batch: number;
  readonly rowsPerSample: number;
  readonly inputs: number;
  readonly outputs: number;
  /** W is stored [inputs, outputs] instead of [outputs, inputs]. */
  readonly inputsFirst: boolean;
}

/** Geometry of a convolution: x [batch, channels, height, width], W [outputs, channels/groups, kernelHeight, kernelWidth]. */
export interface ConvShape {
  readonly batch: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly outputs: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  /** [vertical, horizontal] */
  readonly strides: readonly [number, number];
  /** [top, left, bottom, right] */
  readonly pads: readonly [number, number, number, number];
  /** [vertical, horizontal] */
  readonly dilations: readonly [number, number];
  readonly groups: number;
}

/** Size of a normalised array. */
export interface NormShape {
  readonly n: number;
  readonly c: number;
  readonly spatial: number;
}

/** The block of linear memory that descriptors are written to, and how many fields are there. */
let fields = new Float64Array(0);
let count = 0;

/** Starts a descriptor. */
function begin(...values: number[]): void {
  // A memory that grew has another buffer.
  if (fields.length === 0) fields = new Float64Array(linearMemory().buffer, wasm().descriptor(), capacity);
  count = 0;
  for (const value of values) fields[count++] = value;
}

/** Numbers of the longest descriptor at least, as in crates/crossbar-wasm/src/descriptor.rs. */
const capacity = 48;

const flag = (value: boolean): number => (value ? 1 : 0);

function putVariation(variation: VariationFields): void {
  const { kind, sMax, sigmaOuter, sigmaMid, table, tableSize, key, firstSample } = variation;
  fields[count++] = kind;
  fields[count++] = sMax;
  fields[count++] = sigmaOuter;
  fields[count++] = sigmaMid;
  fields[count++] = table;
  fields[count++] = tableSize;
  fields[count++] = kind === 0 ? 0 : Number(BigInt.asUintN(32, key));
  fields[count++] = kind === 0 ? 0 : Number(BigInt.asUintN(32, key >> 32n));
  fields[count++] = firstSample;
}

function putStream({ key, first }: StreamFields): void {
  fields[count++] = Number(BigInt.asUintN(32, key));
  fields[count++] = Number(BigInt.asUintN(32, key >> 32n));
  fields[count++] = first;
}

function putLinearShape({ batch, rowsPerSample, inputs, outputs, inputsFirst }: LinearShape): void {
  fields[count++] = batch;
  fields[count++] = rowsPerSample;
  fields[count++] = inputs;
  fields[count++] = outputs;
  fields[count++] = flag(inputsFirst);
}

function putConvShape(shape: ConvShape): void {
  fields[count++] = shape.batch;
  fields[count++] = shape.channels;
  fields[count++] = shape.height;
  fields[count++] = shape.width;
  fields[count++] = shape.outputs;
  fields[count++] = shape.kernelHeight;
  fields[count++] = shape.kernelWidth;
  for (const stride of shape.strides) fields[count++] = stride;
  for (const pad of shape.pads) fields[count++] = pad;
  for (const dilation of shape.dilations) fields[count++] = dilation;
  fields[count++] = shape.groups;
}

function putNormShape({ n, c, spatial }: NormShape): void {
  fields[count++] = n;
  fields[count++] = c;
  fields[count++] = spatial;
}

/**
 * Descriptors: the fields of a call as doubles, which hold every u32 and f32 exactly, for kernels of more than seven values. Each function
 * writes one into linear memory and returns the number of its fields, the argument of the kernel that is called next. Fields come in the
 * order of crates/crossbar-wasm/src/calls.rs; a test compares them.
 */
export const call = {
  gemm({ a, b, c, m, n, k, transA = false, transB = false, accumulate = false }: GemmCall): number {
    begin(a, b, c, m, n, k, flag(transA), flag(transB), flag(accumulate));
    return count;
  },

  linearForward({ x, w, bias, y, ratio, rectified, shape, variation }: LinearForwardCall): number {
    begin(x, w, bias, y, ratio, flag(rectified));
    putLinearShape(shape);
    putVariation(variation);
    return count;
  },

  linearBackwardInput({ dy, w, dx, x, ratio, shape, variation }: LinearBackwardInputCall): number {
    begin(dy, w, dx, x, ratio);
    putLinearShape(shape);
    putVariation(variation);
    return count;
  },

  convShape(shape: ConvShape): number {
    begin();
    putConvShape(shape);
    return count;
  },

  convForward(call: ConvForwardCall): number {
    const { x, w, bias, y, positions, rectified, pooled, shape, variation } = call;
    begin(x, w, bias, y, positions, flag(rectified), flag(pooled));
    putConvShape(shape);
    putVariation(variation);
    return count;
  },

  convForwardEach({ x, bias, rectified, pooled, shape }: ConvForwardEachCall): number {
    begin(x, bias, flag(rectified), flag(pooled));
    putConvShape(shape);
    return count;
  },

  convBackwardInput({ dy, w, dx, shape, variation }: ConvBackwardInputCall): number {
    begin(dy, w, dx);
    putConvShape(shape);
    putVariation(variation);
    return count;
  },

  convBackwardWeight({ x, dw, shape }: ConvBackwardWeightCall): number {
    begin(x, dw);
    putConvShape(shape);
    return count;
  },

  batchNorm({ x, gamma, beta, mean, variance, y, epsilon, shape }: BatchNormCall): number {
    begin(x, gamma, beta, mean, variance, y, epsilon);
    putNormShape(shape);
    return count;
  },

  batchNormGradient(call: BatchNormGradientCall): number {
    const { x, dy, gamma, mean, variance, dx, dgamma, dbeta, epsilon, frozen, shape } = call;
    begin(x, dy, gamma, mean, variance, dx, dgamma, dbeta, epsilon, flag(frozen));
    putNormShape(shape);
    return count;
  },

  adamStep({ w, g, m, v, n, rate, beta1, beta2, epsilon, bias1, bias2, weightDecay }: AdamStepCall): number {
    begin(w, g, m, v, n, rate, beta1, beta2, epsilon, bias1, bias2, weightDecay);
    return count;
  },

  variedWeight({ w, out, rows, cols, variation }: VariedWeightCall): number {
    begin(w, out, rows, cols);
    putVariation(variation);
    return count;
  },

  movement({ from, fromSize, fromOffset, to, toSize, toOffset }: MovementCall): number {
    begin(from, fromSize, fromOffset, to, toSize, toOffset);
    return count;
  },

  convert({ x, y, n, columns, inner, bits, signed, range, scale, accumulate }: ConvertCall): number {
    begin(x, y, n, columns, inner, bits, flag(signed), range, scale, flag(accumulate));
    return count;
  },

  digits({ x, y, n, columns, inner, bits, signed, range, scale, shift, width }: DigitsCall): number {
    begin(x, y, n, columns, inner, bits, flag(signed), range, scale, shift, width);
    return count;
  },

  writeCells(call: WriteCellsCall): number {
    const { target, judged, values, n, errors, sigma, sigmaSize, verified, verifiedSize, uniform, least } = call;
    begin(target, judged, values, n, errors, sigma, sigmaSize, verified, verifiedSize, flag(uniform), least);
    putStream(call);
    return count;
  },

  driftCells(call: DriftCellsCall): number {
    const { target, values, n, lines, factor, scale, logTime } = call;
    begin(target, values, n, lines, factor, scale, logTime);
    putStream(call);
    return count;
  },

  flickerCells(call: FlickerCellsCall): number {
    const { programmed, values, sigma, n, factor, exponent, growth, most, share, least } = call;
    begin(programmed, values, sigma, n, factor, exponent, growth, most, share, least);
    return count;
  },

  mapCodes(call: MapCodesCall): number {
    const { weights, n, scales, scalesSize, parts, arms, armsSize, bias, most, digitBits } = call;
    const { conductances, digits, slices, codes, target, held } = call;
    begin(weights, n, scales, scalesSize, parts, arms, armsSize, bias, most, digitBits);
    for (const value of [conductances, digits, slices, codes, target, held]) fields[count++] = value;
    return count;
  },

  mapFractions({ weights, n, scales, scalesSize, parts, arms, armsSize, off, target }: MapFractionsCall): number {
    begin(weights, n, scales, scalesSize, parts, arms, armsSize, off, target);
    return count;
  },

  recombine(call: RecombineCall): number {
    const { weights, n, scales, scalesSize, parts, factors, cells, conductances, target, combined } = call;
    begin(weights, n, scales, scalesSize, parts, factors, cells, conductances, target, combined);
    return count;
  },
};

/** An address in the linear memory, in bytes; 0 for an array that isn't given. */
type Address = number;

/** C [m, n] = op(A)·op(B), or C + that. */
export interface GemmCall {
  readonly a: Address;
  readonly b: Address;
  readonly c: Address;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** A is stored [k, m]. Default false. */
  readonly transA?: boolean;
  /** B is stored [n, k]. Default false. */
  readonly transB?: boolean;
  /** Default false. */
  readonly accumulate?: boolean;
}

/** y = x·(W + ΔW)ᵀ + b, or max(that, 0). */
export interface LinearForwardCall {
  readonly x: Address;
  readonly w: Address;
  readonly bias: Address;
  readonly y: Address;
  /** Written in the cheap form of a draw for every sample. */
  readonly ratio: Address;
  readonly rectified: boolean;
  readonly shape: LinearShape;
  readonly variation: VariationFields;
}

/** dx = dy·(W + ΔW). */
export interface LinearBackwardInputCall {
  readonly dy: Address;
  readonly w: Address;
  readonly dx: Address;
  /** Read in the cheap form, as is `ratio`. */
  readonly x: Address;
  readonly ratio: Address;
  readonly shape: LinearShape;
  readonly variation: VariationFields;
}

/** y = (W + ΔW)∗x + b, then a 2×2 max pool, then a ReLU. */
export interface ConvForwardCall {
  readonly x: Address;
  readonly w: Address;
  readonly bias: Address;
  readonly y: Address;
  /** Receives the positions of the maxima. */
  readonly positions: Address;
  readonly rectified: boolean;
  readonly pooled: boolean;
  readonly shape: ConvShape;
  readonly variation: VariationFields;
}

/** The same for several weights without variation, each with its y. */
export interface ConvForwardEachCall {
  readonly x: Address;
  readonly bias: Address;
  readonly rectified: boolean;
  readonly pooled: boolean;
  readonly shape: ConvShape;
}

/** dx, with the forward's draw. */
export interface ConvBackwardInputCall {
  readonly dy: Address;
  readonly w: Address;
  readonly dx: Address;
  readonly shape: ConvShape;
  readonly variation: VariationFields;
}

/** dW for the sum of several gradients. */
export interface ConvBackwardWeightCall {
  readonly x: Address;
  readonly dw: Address;
  readonly shape: ConvShape;
}

/** Batch normalisation; mean and variance are read or, by `batchNormTrain`, written. */
export interface BatchNormCall {
  readonly x: Address;
  readonly gamma: Address;
  readonly beta: Address;
  readonly mean: Address;
  readonly variance: Address;
  readonly y: Address;
  readonly epsilon: number;
  readonly shape: NormShape;
}

/** Gradients of batch normalisation. */
export interface BatchNormGradientCall {
  readonly x: Address;
  readonly dy: Address;
  readonly gamma: Address;
  readonly mean: Address;
  readonly variance: Address;
  readonly dx: Address;
  readonly dgamma: Address;
  readonly dbeta: Address;
  readonly epsilon: number;
  /** The statistics were given: no gradient flows through them. */
  readonly frozen: boolean;
  readonly shape: NormShape;
}

/** One step of Adam; bias1 = 1 − beta1ᵗ, bias2 = 1 − beta2ᵗ. */
export interface AdamStepCall {
  readonly w: Address;
  readonly g: Address;
  readonly m: Address;
  readonly v: Address;
  readonly n: number;
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly bias1: number;
  readonly bias2: number;
  readonly weightDecay: number;
}

/** W + ΔW written out; W [rows, cols] as stored. */
export interface VariedWeightCall {
  readonly w: Address;
  readonly out: Address;
  readonly rows: number;
  readonly cols: number;
  readonly variation: VariationFields;
}

/** Two strided views: sizes of what may be touched and offsets, in elements. */
export interface MovementCall {
  readonly from: Address;
  readonly fromSize: number;
  readonly fromOffset: number;
  readonly to: Address;
  readonly toSize: number;
  readonly toOffset: number;
}

/** x and y [.., columns, inner] of n values, with a converter's range and a factor for each column. */
interface ConverterCall {
  readonly x: Address;
  readonly y: Address;
  readonly n: number;
  readonly columns: number;
  readonly inner: number;
  readonly bits: number;
  /** Codes of both signs. */
  readonly signed: boolean;
  /** Ends of the ranges, [columns]. */
  readonly range: Address;
  /** [columns] */
  readonly scale: Address;
}

/** y = scale·step·code of x, or y + that. */
export interface ConvertCall extends ConverterCall {
  readonly accumulate: boolean;
}

/** y = scale·digit of x's code: `width` bits of its magnitude from bit `shift` on, with its sign. */
export interface DigitsCall extends ConverterCall {
  readonly shift: number;
  readonly width: number;
}

/** A stream's numbers from a noise block on. */
interface StreamFields {
  readonly key: bigint;
  readonly first: number;
}

/** values = max(least, target + σ(judged)·z). */
export interface WriteCellsCall extends StreamFields {
  readonly target: Address;
  readonly judged: Address;
  readonly values: Address;
  readonly n: number;
  /** Doubles: how far from its target each cell is found. */
  readonly errors: Address;
  /** Doubles that say what σ is. */
  readonly sigma: Address;
  readonly sigmaSize: number;
  /** The same for the errors. */
  readonly verified: Address;
  readonly verifiedSize: number;
  readonly uniform: boolean;
  readonly least: number;
}

/** Values decay by a power of time. */
export interface DriftCellsCall extends StreamFields {
  readonly target: Address;
  readonly values: Address;
  readonly n: number;
  /** Doubles: constant, slope, least and most of the exponent's mean, then of its standard deviation. */
  readonly lines: Address;
  readonly factor: number;
  readonly scale: number;
  readonly logTime: number;
}

/** Standard deviations of 1/f noise. */
export interface FlickerCellsCall {
  readonly programmed: Address;
  readonly values: Address;
  readonly sigma: Address;
  readonly n: number;
  readonly factor: number;
  readonly exponent: number;
  readonly growth: number;
  readonly most: number;
  readonly share: number;
  readonly least: number;
}

/** Weights with the scales S of their parts. */
interface WeightsCall {
  readonly weights: Address;
  readonly n: number;
  /** Doubles. */
  readonly scales: Address;
  readonly scalesSize: number;
  /** Words [n]. */
  readonly parts: Address;
}

/** Codes, conductances of their digits, and the weights that they stand for. */
export interface MapCodesCall extends WeightsCall {
  /** Doubles: slope, shift and gain of each. */
  readonly arms: Address;
  readonly armsSize: number;
  readonly bias: number;
  readonly most: number;
  readonly digitBits: number;
  /** Of each digit. */
  readonly conductances: Address;
  readonly digits: number;
  readonly slices: number;
  /** Words [arm][n]. */
  readonly codes: Address;
  /** [arm][slice][n] */
  readonly target: Address;
  /** [n] */
  readonly held: Address;
}

/** Conductances [arm][n] of the fractions that arms hold. */
export interface MapFractionsCall extends WeightsCall {
  readonly arms: Address;
  readonly armsSize: number;
  readonly off: number;
  readonly target: Address;
}

/** Weights with what the deviations of their cells, [cell][n], add to them. */
export interface RecombineCall extends WeightsCall {
  /** Doubles [cell]. */
  readonly factors: Address;
  readonly cells: number;
  readonly conductances: Address;
  readonly target: Address;
  readonly combined: Address;
}
