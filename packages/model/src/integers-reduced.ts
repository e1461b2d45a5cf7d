import { sizeOf, stridesOf, zeroData } from "@neft/tensor";
import type { HostArray, WritableArray } from "./host-array.js";
import { checkedSize, maxHostElements } from "./host-array.js";
import { type Element, magnitude, product, sum } from "./integers-elementwise.js";

const isLarger = (a: Element, b: Element): boolean => a > b;

/** How reductions of integers combine the elements. Typed arrays keep the low bits. */
const reductions = {
  sum: { combine: sum, neutral: 0 },
  prod: { combine: product, neutral: 1 },
  l1: { combine: (a: Element, b: Element) => sum(a, magnitude(b)), neutral: 0 },
  sumSquare: { combine: (a: Element, b: Element) => sum(a, product(b, b)), neutral: 0 },
  max: { combine: (a: Element, b: Element) => (isLarger(b, a) ? b : a), neutral: undefined },
  min: { combine: (a: Element, b: Element) => (isLarger(a, b) ? b : a), neutral: undefined },
} as const;

/**
 * Reduces integers over axes.
 *
 * @param shape  Shape of the result.
 * @throws {RangeError} for the largest or smallest of no elements.
 */
export function reduceIntegers(
  kind: keyof typeof reductions,
  x: HostArray,
  axes: readonly number[],
  shape: readonly number[],
): HostArray {
  const { combine, neutral } = reductions[kind];
  const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const data = zeroData(x.dtype, checkedSize(kept, maxHostElements));
  const slots = data as WritableArray;
  const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
  if (neutral === undefined && x.data.length === 0 && data.length > 0)
    throw new RangeError(`expected elements to reduce, got none of [${x.shape.join(", ")}]`);
  if (neutral !== undefined) data.fill((isBig ? BigInt(neutral) : neutral) as never);
  const own = stridesOf(x.shape);
  const target = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const isFirst = neutral === undefined ? new Uint8Array(sizeOf(kept)).fill(1) : undefined;
  for (let i = 0; i < x.data.length; i++) {
    let at = 0;
    for (let axis = 0, rest = i; axis < own.length; axis++) {
      const index = Math.floor(rest / own[axis]!);
      rest -= index * own[axis]!;
      at += index * target[axis]!;
    }
    slots[at] = isFirst?.[at] ? x.data[i]! : combine(slots[at]!, x.data[i]!);
    if (isFirst) isFirst[at] = 0;
  }
  return { dtype: x.dtype, shape: [...shape], data };
}
