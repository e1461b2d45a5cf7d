import { broadcastShapes, broadcastStrides, type DType, sizeOf, stridedPositions, zeroData } from "@neft/tensor";
import type { HostArray, WritableArray } from "./host-array.js";
import { checkedSize, maxHostElements } from "./host-array.js";

// Elementwise functions of typed arrays. A typed array keeps the low bits of what is stored, so integers wrap at their width.

/** An element: a bigint of 64-bit types, else a number. */
export type Element = number | bigint;

/** Positions of an array's elements in its broadcast to a shape; undefined when it has that shape. */
export function broadcastPositions(from: readonly number[], to: readonly number[]): Int32Array | undefined {
  if (from.join() === to.join()) return undefined;
  return stridedPositions("broadcast", to, broadcastStrides(from, to));
}

/** Applies a function to each element. */
export function mapElements(dtype: DType, { shape, data }: HostArray, f: (value: Element) => Element): HostArray {
  const result = zeroData(dtype, data.length);
  const slots = result as WritableArray;
  for (let i = 0; i < data.length; i++) slots[i] = f(data[i]!);
  return { dtype, shape, data: result };
}

/** Applies a function to each pair of elements, with broadcasting. The arrays have one dtype. */
export function combineElements(
  dtype: DType,
  a: HostArray,
  b: HostArray,
  f: (a: Element, b: Element) => Element,
): HostArray {
  if (a.dtype !== b.dtype) throw new TypeError(`expected operands of one dtype, got ${a.dtype} and ${b.dtype}`);
  const shape = broadcastShapes(a.shape, b.shape);
  checkedSize(shape, maxHostElements);
  const [atA, atB] = [broadcastPositions(a.shape, shape), broadcastPositions(b.shape, shape)];
  const data = zeroData(dtype, sizeOf(shape));
  const slots = data as WritableArray;
  for (let i = 0; i < data.length; i++) slots[i] = f(a.data[atA ? atA[i]! : i]!, b.data[atB ? atB[i]! : i]!);
  return { dtype, shape, data };
}

type Unary = (value: Element) => Element;

const isNegative = (value: Element): boolean => value < 0;
const negated: Unary = (value) => -value as Element;

/** |x|. */
export const magnitude: Unary = (value) => (isNegative(value) ? negated(value) : value);

const unary = {
  abs: magnitude,
  neg: negated,
  sign: (value) => (typeof value === "bigint" ? (value > 0n ? 1n : value < 0n ? -1n : 0n) : Math.sign(value)),
} satisfies Record<string, Unary>;

/** |x|, −x or the sign of integers. The smallest integer of a type is its own absolute and negated value. */
export const unaryIntegers = (kind: keyof typeof unary, x: HostArray): HostArray =>
  mapElements(x.dtype, x, unary[kind]);

/** The larger or smaller of two integers. */
export const extremeIntegers = (kind: "max" | "min", a: HostArray, b: HostArray): HostArray =>
  combineElements(a.dtype, a, b, (m, n) => ((kind === "max" ? n > m : n < m) ? n : m));

/**
 * Remainder of integers: with the sign of the divisor, or with that of the dividend for "fmod".
 *
 * @throws {RangeError} for a divisor of 0.
 */
export function remainderIntegers(kind: "mod" | "fmod", a: HostArray, b: HostArray): HostArray {
  return combineElements(a.dtype, a, b, (m, n) => {
    if (Number(n) === 0) throw new RangeError("expected divisors other than 0, got 0");
    const rest = ((m as number) % (n as number)) as Element;
    const isOther = kind === "mod" && Number(rest) !== 0 && isNegative(rest) !== isNegative(n);
    return isOther ? (((rest as number) + (n as number)) as Element) : rest;
  });
}

/**
 * Running sums or products along an axis.
 *
 * @param exclusive  Without the element itself.
 * @param reverse  From the end.
 */
export function cumulateIntegers(
  kind: "add" | "mul",
  { dtype, shape, data }: HostArray,
  { axis, exclusive, reverse }: { readonly axis: number; readonly exclusive: boolean; readonly reverse: boolean },
): HostArray {
  const [size, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const combine = kind === "add" ? sum : product;
  const neutral = kind === "add" ? 0 : 1;
  const slots = zeroData(dtype, data.length);
  // Storing a running value keeps the low bits of the dtype.
  const running = zeroData(dtype, 1) as WritableArray;
  for (let line = 0; line < data.length / Math.max(1, size); line++) {
    const first = Math.floor(line / inner) * size * inner + (line % inner);
    running[0] = typeof data[0] === "bigint" ? BigInt(neutral) : neutral;
    for (let step = 0; step < size; step++) {
      const at = first + (reverse ? size - 1 - step : step) * inner;
      const before = running[0]!;
      running[0] = combine(before, data[at]!);
      (slots as WritableArray)[at] = exclusive ? before : running[0]!;
    }
  }
  return { dtype, shape, data: slots };
}

/** a + b. A typed array that stores it keeps the low bits. */
export const sum = (a: Element, b: Element): Element => ((a as number) + (b as number)) as Element;
/** a·b. A typed array that stores it keeps the low bits. */
export const product = (a: Element, b: Element): Element =>
  typeof a === "bigint" ? a * (b as bigint) : Math.imul(a, b as number);
