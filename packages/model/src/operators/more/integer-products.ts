import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { int, ints } from "../../attribute-kinds.js";
import { matmulShape } from "../../dimensions.js";
import { type HostArray, type HostData, type KnownValue, maxAxes } from "../../host-array.js";
import { type ConvolutionValues, convolutionShape } from "../convolution-shape.js";
import { checkType, defineOperator, float } from "../operator.js";
import { convolved, failMixed, matmul as matmulTrack, type TrackCall } from "../tracks.js";
import type { Traits } from "../traits.js";
import { windowAttributes } from "../window-attributes.js";
import { centred, integerConvolution, integerMatmul } from "./integer-product.js";
import { clamp, rangeOf, roundHalfEven } from "./quantised.js";

// Products of quantised values. They stay digital: their weights are integers, which aren't trained.

/** Products with a weight that no crossbar holds. @param operands  Inputs that may be the weight. */
const digital = (...operands: number[]): Traits<unknown> => ({ products: { operands, uses: () => [] } });

const convAttributes = {
  ...windowAttributes,
  kernel_shape: ints({ min: 1 }),
  dilations: ints({ min: 1 }),
  group: int({ default: 1, min: 1 }),
} as const;

/** @throws {Error} unless an input is of 8 bits. */
function checkBytes(x: KnownValue, index: number): void {
  if (x.dtype !== "u8" && x.dtype !== "i8") throw new TypeError(`expected input ${index} as u8 or i8, got ${x.dtype}`);
}

/** @throws {RangeError} unless a value has one element, or one for each of `count`. An absent one passes. */
function checkCount(x: KnownValue | undefined, index: number, count: number): void {
  if (x !== undefined && ops.sizeOf(x.shape) !== 1 && ops.sizeOf(x.shape) !== count)
    throw new RangeError(`expected input ${index} with 1 or ${count} elements, got [${x.shape.join(", ")}]`);
}

/** @throws {TypeError} unless the scale, the input `index`, is of floats and the zero point after it of the values' dtype. */
function checkScaled([scale, values, zero]: readonly [KnownValue, KnownValue, KnownValue], index: number): void {
  float(scale, index);
  checkType(zero, values.dtype, index + 1);
}

/** Shape of a convolution over any number of axes. @throws {RangeError} when x and w don't fit. */
const convShape = (x: KnownValue, w: KnownValue, values: ConvolutionValues): number[] =>
  convolutionShape([x, w], values, maxAxes);

/** Samples are in the data, and in no scale or zero point. @param data  Index of the second operand. */
function trackOperands(call: TrackCall, data: number) {
  const others = call.positions.some((position, i) => position !== undefined && i !== 0 && i !== data);
  if (others) return failMixed();
  const pick = <T>(list: readonly T[]) => [list[0]!, list[data]!];
  return matmulTrack({ ...call, positions: pick(call.positions), inputs: pick(call.inputs) });
}

/**
 * Scales sums and saturates them: saturate(round(sum·a·b/y) + zero point).
 *
 * @param scales  Of the operands and the result; that of the second operand may be one for each position of an axis.
 * @param axis  Of the result, to which the scales of the first operand (rows) or the second one belong.
 */
function requantised(
  sums: Int32Array,
  shape: readonly number[],
  { a, b, y, zero }: { readonly a: Tensor; readonly b: Tensor; readonly y: Tensor; readonly zero: Tensor },
  [rowAxis, columnAxis]: readonly [number, number],
): Tensor {
  const range = rangeOf(zero.dtype);
  const [left, right, down] = [a.floats(), b.floats(), y.item()];
  const origin = zero.item();
  const [low, high] = [range[0] - origin, range[1] - origin];
  const of = (values: Float32Array, axis: number) => {
    const [size, after] = [shape[axis] ?? 1, ops.sizeOf(shape.slice(axis + 1))];
    return (i: number): number => values[values.length === 1 ? 0 : Math.floor(i / after) % size]!;
  };
  const [leftOf, rightOf] = [of(left, rowAxis), of(right, columnAxis)];
  // Elements after both axes have one factor.
  const inner = ops.sizeOf(shape.slice(Math.max(rowAxis, columnAxis) + 1));
  const data = ops.zeroData(zero.dtype, sums.length) as Int32Array<ArrayBuffer>;
  for (let first = 0; first < sums.length; first += inner) {
    const factor = Math.fround(Math.fround(leftOf(first) * rightOf(first)) / down);
    for (let i = first; i < first + inner; i++) {
      const whole = roundHalfEven(Math.fround(Math.fround(sums[i]!) * factor));
      data[i] = clamp(whole, low, high) + origin;
    }
  }
  return ops.fromTypedArray(data, shape, zero.dtype);
}

/** (A − zero points)·(B − zero points) as i32. Zero points: one, one for each row of A, one for each column of B. */
export const matMulInteger = defineOperator({
  name: "MatMulInteger",
  since: 10,
  inputs: [2, 4],
  attributes: {},
  traits: digital(0, 1),
  track: (call) => trackOperands(call, 1),
  infer: ([a, b, zeroA, zeroB]) => {
    checkBytes(a, 0);
    checkBytes(b, 1);
    checkType(zeroA, a.dtype, 2);
    checkType(zeroB, b.dtype, 3);
    checkCount(zeroA, 2, a.shape.at(-2) ?? 1);
    checkCount(zeroB, 3, b.shape.at(-1) ?? 1);
    return [{ dtype: "i32", shape: matmulShape(a.shape, b.shape) }];
  },
  run: () => {
    throw new TypeError("expected integers, got floats");
  },
  integers: ([a, b, zeroA, zeroB]) => {
    const shape = matmulShape(a.shape, b.shape);
    const left = centred(a, zeroA, a.shape.length - 2);
    const right = centred(b, zeroB, b.shape.length - 1);
    return [{ dtype: "i32", shape, data: integerMatmul(left, a.shape, right, b.shape, shape) }];
  },
});

/** Convolution of x − zero point with w − zero point as i32. */
export const convInteger = defineOperator({
  name: "ConvInteger",
  since: 10,
  inputs: [2, 4],
  attributes: convAttributes,
  traits: digital(1),
  track: convolved,
  infer: ([x, w, zeroX, zeroW], values) => {
    checkBytes(x, 0);
    checkBytes(w, 1);
    checkType(zeroX, x.dtype, 2);
    checkType(zeroW, w.dtype, 3);
    checkCount(zeroX, 2, 1);
    checkCount(zeroW, 3, w.shape[0]!);
    return [{ dtype: "i32", shape: convShape(x, w, values) }];
  },
  run: () => {
    throw new TypeError("expected integers, got floats");
  },
  integers: ([x, w, zeroX, zeroW], values) => {
    const data = integerConvolution(centred(x, zeroX, 0), x.shape, centred(w, zeroW, 0), w.shape, values);
    return [{ dtype: "i32", shape: convShape(x, w, values), data }];
  },
});

/** Elements of a tensor of integers. */
const arrayOf = (x: Tensor): HostArray => ({ dtype: x.dtype, shape: x.shape, data: x.values() as HostData });

/** Matrix product of quantised values. Inputs: a, its scale and zero point, b and its, scale and zero point of y. */
export const qLinearMatMul = defineOperator({
  name: "QLinearMatMul",
  since: 10,
  inputs: [8, 8],
  attributes: {},
  traits: digital(0, 3),
  track: (call) => trackOperands(call, 3),
  infer: ([a, scaleA, zeroA, b, scaleB, zeroB, scaleY, zeroY]) => {
    checkBytes(a, 0);
    checkBytes(b, 3);
    checkScaled([scaleA, a, zeroA], 1);
    checkScaled([scaleB, b, zeroB], 4);
    const [rows, columns] = [a.shape.at(-2) ?? 1, b.shape.at(-1) ?? 1];
    for (const [i, one] of [scaleA, zeroA].entries()) checkCount(one, i + 1, rows);
    for (const [i, one] of [scaleB, zeroB].entries()) checkCount(one, i + 4, columns);
    checkCount(float(scaleY, 6), 6, 1);
    checkCount(zeroY, 7, 1);
    rangeOf(zeroY.dtype);
    return [{ dtype: zeroY.dtype, shape: matmulShape(a.shape, b.shape) }];
  },
  run: ([a, scaleA, zeroA, b, scaleB, zeroB, scaleY, zeroY]) => {
    const shape = matmulShape(a.shape, b.shape);
    const left = centred(arrayOf(a), arrayOf(zeroA), a.shape.length - 2);
    const right = centred(arrayOf(b), arrayOf(zeroB), b.shape.length - 1);
    const sums = integerMatmul(left, a.shape, right, b.shape, shape);
    const scales = { a: scaleA, b: scaleB, y: scaleY, zero: zeroY };
    return [requantised(sums, shape, scales, [shape.length - 2, shape.length - 1])];
  },
  integers: null,
});

/** Convolution of quantised values. Inputs as those of QLinearMatMul, and a bias of scale a·b. */
export const qLinearConv = defineOperator({
  name: "QLinearConv",
  since: 10,
  inputs: [8, 9],
  attributes: convAttributes,
  traits: digital(3),
  track: convolved,
  infer: ([x, scaleX, zeroX, w, scaleW, zeroW, scaleY, zeroY, bias], values) => {
    checkBytes(x, 0);
    checkBytes(w, 3);
    checkScaled([scaleX, x, zeroX], 1);
    checkScaled([scaleW, w, zeroW], 4);
    const outputs = w.shape[0]!;
    for (const [i, one] of [scaleX, zeroX].entries()) checkCount(one, i + 1, 1);
    for (const [i, one] of [scaleW, zeroW].entries()) checkCount(one, i + 4, outputs);
    checkCount(float(scaleY, 6), 6, 1);
    checkCount(zeroY, 7, 1);
    rangeOf(zeroY.dtype);
    if (bias !== undefined && (bias.dtype !== "i32" || bias.shape.join() !== `${outputs}`))
      throw new RangeError(`expected input 8 as i32 [${outputs}], got ${bias.dtype} [${bias.shape.join(", ")}]`);
    return [{ dtype: zeroY.dtype, shape: convShape(x, w, values) }];
  },
  run: ([x, scaleX, zeroX, w, scaleW, zeroW, scaleY, zeroY, bias], values) => {
    const data = centred(arrayOf(x), arrayOf(zeroX), 0);
    const sums = integerConvolution(data, x.shape, centred(arrayOf(w), arrayOf(zeroW), 0), w.shape, values);
    const shape = convShape(x, w, values);
    const pixels = ops.sizeOf(shape.slice(2));
    const biases = bias?.values() as Int32Array | undefined;
    for (let first = 0, line = 0; biases && first < sums.length; first += pixels, line++) {
      const bias = biases[line % biases.length]!;
      for (let i = first; i < first + pixels; i++) sums[i]! += bias;
    }
    return [requantised(sums, shape, { a: scaleX, b: scaleW, y: scaleY, zero: zeroY }, [0, 1])];
  },
  integers: null,
});
