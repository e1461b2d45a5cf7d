import * as ops from "@neft/tensor";
import { windowOf } from "../../dimensions.js";
import type { HostArray } from "../../host-array.js";

// Exact products of quantised values. Sums stay whole numbers below 2²⁴ in f32, so its kernels compute them exactly.

/** Bound of whole numbers that f32 holds exactly. */
const exact = 2 ** 24;

const largest = (values: Float32Array): number => values.reduce((most, one) => Math.max(most, Math.abs(one)), 0);

/** Columns `first` … `last` − 1 of a matrix [rows, columns]. */
function columnsOf(matrix: Float32Array, columns: number, first: number, last: number): Float32Array {
  const rows = matrix.length / columns;
  const part = new Float32Array(rows * (last - first));
  for (let r = 0; r < rows; r++) part.set(matrix.subarray(r * columns + first, r * columns + last), r * (last - first));
  return part;
}

/** a [m, k] times b [k, n], for whole numbers; sums wrap at 32 bits. */
export function integerProduct(
  a: Float32Array,
  b: Float32Array,
  [m, k, n]: readonly [m: number, k: number, n: number],
): Int32Array {
  const sums = new Int32Array(m * n);
  const bound = largest(a) * largest(b);
  if (bound === 0) return sums;
  const depth = Math.max(1, Math.floor(exact / bound));
  for (let first = 0; first < k; first += depth) {
    const last = Math.min(k, first + depth);
    const left = last - first === k ? a : columnsOf(a, k, first, last);
    const part = ops.scope(() =>
      ops.noGrad(() =>
        ops
          .matmul(ops.tensor(left, [m, last - first]), ops.tensor(b.subarray(first * n, last * n), [last - first, n]))
          .floats(),
      ),
    );
    for (let i = 0; i < part.length; i++) sums[i]! += part[i]!;
  }
  return sums;
}

/**
 * Elements minus their zero points.
 *
 * @param zero  One, or as many as the axis has.
 */
export function centred(x: HostArray, zero: HostArray | undefined, axis: number): Float32Array {
  const values = Float32Array.from(x.data as ArrayLike<number>);
  if (zero === undefined) return values;
  const zeros = zero.data as ArrayLike<number>;
  const [size, inner] = [x.shape[axis] ?? 1, ops.sizeOf(x.shape.slice(axis + 1))];
  return values.map((value, i) => value - zeros[zeros.length === 1 ? 0 : Math.floor(i / inner) % size]!);
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
  for (let i = 0; i < ops.sizeOf(batch); i++) {
    const at = (own: readonly number[]): number =>
      own.reduce((sum, stride, axis) => sum + (Math.floor(i / strides[axis]!) % batch[axis]!) * stride, 0);
    const [one, other] = [at(lefts) * m * k, at(rights) * k * n];
    sums.set(integerProduct(a.subarray(one, one + m * k), b.subarray(other, other + k * n), [m, k, n]), i * m * n);
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
  // For each tap, the position in a plane that each output pixel reads; −1 in the padding.
  const reads = Array.from({ length: taps }, (_, tap) =>
    Int32Array.from({ length: pixels }, (_, pixel) => {
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
  const sums = new Int32Array(n * group * outputs * pixels);
  const columns = new Float32Array(depth * pixels);
  for (let image = 0; image < n; image++) {
    for (let g = 0; g < group; g++) {
      for (let row = 0; row < depth; row++) {
        const start = ((image * group + g) * channels + Math.floor(row / taps)) * plane;
        const read = reads[row % taps]!;
        for (let p = 0; p < pixels; p++) columns[row * pixels + p] = read[p]! < 0 ? 0 : x[start + read[p]!]!;
      }
      const rows = w.subarray(g * outputs * depth, (g + 1) * outputs * depth);
      const product = integerProduct(rows, columns, [outputs, depth, pixels]);
      sums.set(product, (image * group + g) * outputs * pixels);
    }
  }
  return sums;
}
