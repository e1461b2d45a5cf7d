import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { HostData, KnownValue } from "../../host-array.js";

// Arithmetic of quantised values. Quantised operators share it.

/** Smallest and largest value of the types that quantised values may have. */
const ranges: Readonly<Record<string, readonly [low: number, high: number]>> = {
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 65535],
  i16: [-32768, 32767],
};

/** Range of a quantised type. @throws {TypeError} for another type. */
export function rangeOf(dtype: string): readonly [low: number, high: number] {
  const range = ranges[dtype];
  if (range === undefined)
    throw new TypeError(`expected a zero point of ${Object.keys(ranges).join(", ")}, got ${dtype}`);
  return range;
}

/** 1.5·2⁵²: f64s as large as that are whole numbers, so that adding it rounds. */
const wholes = 1.5 * 2 ** 52;

/** The nearest whole number; of two equally near ones, the even one. x: below 2⁵¹, or beyond all ranges. */
export function roundHalfEven(x: number): number {
  return x + wholes - wholes;
}

/** The value of a range nearest to a whole number. Comparisons would cost more: processors can't predict them. */
export function clamp(x: number, low: number, high: number): number {
  if (!Number.isFinite(x)) return x < low ? low : x > low ? high : x;
  const below = high - x;
  const above = high - (below + Math.abs(below)) / 2 - low;
  return low + (above + Math.abs(above)) / 2;
}

/** Rounds and saturates. */
export function saturate(x: number, [low, high]: readonly [low: number, high: number]): number {
  return clamp(roundHalfEven(x), low, high);
}

/** How scales belong to elements: element (o, a, i) has the scale (o, ⌊a/block⌋, i) of [outer, scales, inner]. */
export interface Granularity {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** Elements along the axis that share a scale. */
  readonly block: number;
  /** Scales differ along the axes before and after, too. */
  readonly isBlocked: boolean;
}

/**
 * How scales of one shape belong to elements of another: one for all, one for each position of an axis, or one for each
 * block along it.
 *
 * @throws {RangeError} when the shapes don't match.
 */
export function granularityOf(
  shape: readonly number[],
  scale: readonly number[],
  { axis: given, block_size: block }: { readonly axis: number; readonly block_size: number },
): Granularity {
  const size = ops.sizeOf(shape);
  if (scale.length === 0 || (scale.length === 1 && scale[0] === 1 && block === 0))
    return { outer: 1, size, inner: 1, block: Math.max(1, size), isBlocked: false };
  const axis = ops.axisOf("axis", shape.length === 1 ? 0 : given, shape.length);
  const [outer, inner] = [ops.sizeOf(shape.slice(0, axis)), ops.sizeOf(shape.slice(axis + 1))];
  const expected = block === 0 ? [shape[axis]!] : shape.map((n, i) => (i === axis ? Math.ceil(n / block) : n));
  if (scale.join() !== expected.join())
    throw new RangeError(`expected scales [${expected.join(", ")}] or one, got [${scale.join(", ")}]`);
  return { outer, size: shape[axis]!, inner, block: Math.max(1, block), isBlocked: block > 0 };
}

/** Calls `visit` with the positions `first` … `last` − 1 of neighbours that share a scale, and that of the scale. */
export function eachScaled(
  { outer, size, inner, block, isBlocked }: Granularity,
  visit: (first: number, last: number, scale: number) => void,
): void {
  const scales = Math.ceil(size / block);
  for (let o = 0; o < outer; o++) {
    for (let part = 0; part < scales; part++) {
      const begin = (o * size + part * block) * inner;
      const end = (o * size + Math.min(size, (part + 1) * block)) * inner;
      if (!isBlocked) visit(begin, end, part);
      else for (let at = begin; at < end; at++) visit(at, at + 1, (o * scales + part) * inner + ((at - begin) % inner));
    }
  }
}

/** @throws {Error} unless a zero point has the shape of its scale and a type. An absent one passes. */
export function checkZeroPoint(zero: KnownValue | undefined, scale: KnownValue, index: number): void {
  if (zero !== undefined && ops.sizeOf(zero.shape) !== ops.sizeOf(scale.shape))
    throw new RangeError(`expected input ${index} as [${scale.shape.join(", ")}], got [${zero.shape.join(", ")}]`);
}

/** Values that QuantizeLinear made of values with a gradient, by its output. */
const carriers = new WeakMap<
  Tensor,
  { readonly y: Tensor; readonly scale: Float32Array; readonly zeros: HostData | undefined }
>();

const areSame = (a: ArrayLike<number | bigint> | undefined, b: ArrayLike<number | bigint> | undefined): boolean =>
  a?.length === b?.length && (a === undefined || Array.from(a).every((one, i) => one === b![i]));

/**
 * Keeps the gradient of x for the DequantizeLinear that reads its quantised values directly. It goes straight through
 * where x isn't saturated.
 *
 * @param quantised  The output of QuantizeLinear.
 * @param given  1 where x is inside the range, and x as it will be dequantised.
 */
export function carryGradient(
  x: Tensor,
  quantised: Tensor,
  given: { readonly inside: Float32Array; readonly dequantised: Float32Array },
  scale: Float32Array,
  zeros: HostData | undefined,
): void {
  const kept = ops.mul(x, ops.tensor(given.inside, x.shape));
  // The values are exactly those of DequantizeLinear: both differences are exact.
  const error = ops.tensor(
    kept.floats().map((value, i) => value - given.dequantised[i]!),
    x.shape,
  );
  carriers.set(quantised, { y: ops.sub(kept, error), scale, zeros });
}

/** The dequantised values with the gradient that `carryGradient` kept; undefined without one. */
export function carried(quantised: Tensor, scale: Float32Array, zeros: HostData | undefined): Tensor | undefined {
  const found = carriers.get(quantised);
  if (found === undefined || !areSame(found.scale, scale) || !areSame(found.zeros, zeros)) return undefined;
  return ops.reshape(found.y, quantised.shape);
}
