import * as ops from "@neft/tensor";
import { windowOf } from "../../dimensions.js";
import type { HostArray } from "../../host-array.js";

// Exact products of quantised values. Sums stay whole numbers below 2²⁴ in f32, so its kernels compute them exactly.

/** Bound of whole numbers that f32 holds exactly. */
const exact = 2 ** 24;

/** Bound of |a| where a is a value of 8 bits minus another. */
const largestByte = 255;

/** Number of products with elements of b whose sums are exact. The other factors are of 8 bits. */
function exactDepth(b: Float32Array): number {
  let largest = 1;
  for (const one of b) largest = Math.max(largest, Math.abs(one));
  return Math.floor(exact / (largestByte * largest));
}

/** Columns `first` … `last` − 1 of a matrix [rows, columns]. */
function columnsOf(matrix: Float32Array, columns: number, first: number, last: number): Float32Array {
  const rows = matrix.length / columns;
  const part = new Float32Array(rows * (last - first));
  for (let r = 0; r < rows; r++) part.set(matrix.subarray(r * columns + first, r * columns + last), r * (last - first));
  return part;
}

/**
 * Adds a [m, k] times b [k, n], for whole numbers, to `sums`, which wrap at 32 bits.
 *
 * @param depth  Number of products whose sums are exact.
 */
function addProduct(
  sums: Int32Array,
  a: Float32Array,
  b: Float32Array,
  [m, k, n]: readonly [m: number, k: number, n: number],
  depth: number,
): void {
  for (let first = 0; first < k; first += depth) {
    const last = Math.min(k, first + depth);
    const left = last - first === k ? a : columnsOf(a, k, first, last);
    const part = ops.scope(() =>
      ops.noGrad(() => {
        const right = b.subarray(first * n, last * n);
        return ops.matmul(ops.tensor(left, [m, last - first]), ops.tensor(right, [last - first, n])).floats();
      }),
    );
    for (let i = 0; i < part.length; i++) sums[i]! += part[i]!;
  }
}

/**
 * Elements minus their zero points.
 *
 * @param zero  One, or as many as the axis has.
 * @throws {TypeError} when they aren't of 8 bits, on which exact sums rely, or differ in dtype.
 */
export function centred(x: HostArray, zero: HostArray | undefined, axis: number): Float32Array {
  if (x.dtype !== "u8" && x.dtype !== "i8") throw new TypeError(`expected values of u8 or i8, got ${x.dtype}`);
  if (zero !== undefined && zero.dtype !== x.dtype)
    throw new TypeError(`expected a zero point of ${x.dtype}, got ${zero.dtype}`);
  const values = new Float32Array(x.data as ArrayLike<number>);
  if (zero === undefined) return values;
  const zeros = zero.data as ArrayLike<number>;
  const [size, inner] =
    zeros.length === 1 ? [1, values.length] : [x.shape[axis] ?? 1, ops.sizeOf(x.shape.slice(axis + 1))];
  for (let first = 0, line = 0; first < values.length; first += inner, line++) {
    const origin = zeros[line % size]!;
    for (let i = first; i < first + inner; i++) values[i]! -= origin;
  }
  return values;
}

/**
 * Product over the last two axes with NumPy's rules.
 *
 * @param a  Operand without zero points, of shape `left`.
 * @param b  Operand without zero points, of shape `right`.
 * @param shape  Shape of the result.
 */
export function integerMatmul(
  a: Float32Array,
  left: readonly number[],
  b: Float32Array,
  right: readonly number[],
  shape: readonly number[],
): Int32Array {
  const rows = left.length === 1 ? [1, ...left] : left;
  const columns = right.length === 1 ? [...right, 1] : right;
  const [m, k, n] = [rows.at(-2)!, rows.at(-1)!, columns.at(-1)!];
  const batch = ops.broadcastShapes(rows.slice(0, -2), columns.slice(0, -2));
  const stridesTo = (own: readonly number[]) => ops.broadcastStrides(own.slice(0, -2), batch);
  const [lefts, rights] = [stridesTo(rows), stridesTo(columns)];
  const strides = ops.stridesOf(batch);
  const sums = new Int32Array(ops.sizeOf(shape));
  const depth = exactDepth(b);
  for (let i = 0; i < ops.sizeOf(batch); i++) {
    const at = (own: readonly number[]): number =>
      own.reduce((sum, stride, axis) => sum + (Math.floor(i / strides[axis]!) % batch[axis]!) * stride, 0);
    const [one, other] = [at(lefts) * m * k, at(rights) * k * n];
    const [left, right] = [a.subarray(one, one + m * k), b.subarray(other, other + k * n)];
    addProduct(sums.subarray(i * m * n, (i + 1) * m * n), left, right, [m, k, n], depth);
  }
  return sums;
}

type GivenWindow = Parameters<typeof windowOf>[0];

/**
 * Convolution of whole numbers. Padding is 0.
 *
 * @param x  [n, c, …], without zero points. @param w  [out, c/groups, …], without zero points.
 * @returns [n, out, …output].
 */
export function integerConvolution(
  x: Float32Array,
  shape: readonly number[],
  w: Float32Array,
  weight: readonly number[],
  { group, ...given }: GivenWindow & { readonly group: number },
): Int32Array {
  const kernel = weight.slice(2);
  const spatial = shape.slice(2);
  const { strides, dilations, pads, output } = windowOf(given, shape.slice(1), kernel);
  const [n, channels, outputs] = [shape[0]!, weight[1]!, weight[0]! / group];
  const [taps, pixels, plane] = [ops.sizeOf(kernel), ops.sizeOf(output), ops.sizeOf(spatial)];
  const depth = channels * taps;
  const exactSums = exactDepth(w);
  // Kernels for one group at stride 1 may transform what they multiply, so that values aren't whole numbers.
  const isDirect = group > 1 || taps === 1 || strides.some((stride) => stride > 1);
  if (isDirect && depth <= exactSums && kernel.length <= 3) {
    const y = ops.scope(() =>
      ops.noGrad(() => {
        const attributes = { strides, dilations, pads, groups: group };
        return ops.conv(ops.tensor(x, shape), ops.tensor(w, weight), undefined, attributes).floats();
      }),
    );
    return new Int32Array(y);
  }
  const reads = readsOf(kernel, output, spatial, { strides, dilations, pads });
  const sums = new Int32Array(n * group * outputs * pixels);
  const columns = new Float32Array(depth * pixels);
  for (let at = 0; at < n * group; at++) {
    fillColumns(columns, x.subarray(at * channels * plane, (at + 1) * channels * plane), plane, reads);
    const rows = w.subarray((at % group) * outputs * depth, ((at % group) + 1) * outputs * depth);
    const out = sums.subarray(at * outputs * pixels, (at + 1) * outputs * pixels);
    addProduct(out, rows, columns, [outputs, depth, pixels], exactSums);
  }
  return sums;
}

/** For each tap of a kernel, the position in a plane that each output pixel reads; −1 in the padding. */
function readsOf(
  kernel: readonly number[],
  output: readonly number[],
  spatial: readonly number[],
  { strides, dilations, pads }: Pick<ReturnType<typeof windowOf>, "strides" | "dilations" | "pads">,
): Int32Array[] {
  return Array.from({ length: ops.sizeOf(kernel) }, (_, tap) =>
    Int32Array.from({ length: ops.sizeOf(output) }, (_, pixel) => {
      let [position, step, t, o] = [0, 1, tap, pixel];
      for (let axis = kernel.length - 1; axis >= 0; axis--) {
        const offset = (t % kernel[axis]!) * dilations[axis]!;
        const at = (o % output[axis]!) * strides[axis]! - pads[axis]! + offset;
        if (at < 0 || at >= spatial[axis]!) return -1;
        position += at * step;
        step *= spatial[axis]!;
        t = Math.floor(t / kernel[axis]!);
        o = Math.floor(o / output[axis]!);
      }
      return position;
    }),
  );
}

/** Writes what each output pixel reads of an image [channels, plane]: [channels, taps, pixels]. */
function fillColumns(columns: Float32Array, image: Float32Array, plane: number, reads: readonly Int32Array[]): void {
  let to = 0;
  for (let start = 0; start < image.length; start += plane) {
    for (const read of reads) for (const at of read) columns[to++] = at < 0 ? 0 : image[start + at]!;
  }
}
