import { sizeOf, stridesOf } from "@neft/tensor";
import { type HostArray, int64Array } from "./host-array.js";

/** Options of {@link largestAt}. */
export interface ExtremeOptions {
  /** The largest element, or the smallest. */
  readonly isLargest: boolean;
  /** Of equal elements, the last one, or the first. */
  readonly isLast: boolean;
}

/** Index along an axis of the largest or smallest element of each line, as i64. The axis has size 1 in the result. NaN comes before all others. */
export function largestAt({ shape, data }: HostArray, axis: number, { isLargest, isLast }: ExtremeOptions): HostArray {
  const [size, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  const count = sizeOf(shape) / size;
  const found = Array.from({ length: count }, (_, line) => {
    const first = Math.floor(line / inner) * size * inner + (line % inner);
    let best = 0;
    for (let i = 1; i < size; i++) {
      const [value, before] = [data[first + i * inner]!, data[first + best * inner]!];
      const isBetter = isLargest ? value > before : value < before;
      const [hasValue, hadValue] = [!Number.isNaN(value), !Number.isNaN(before)];
      const isEqual = hasValue === hadValue && (!hasValue || value === before);
      if ((hadValue && (isBetter || !hasValue)) || (isLast && isEqual)) best = i;
    }
    return best;
  });
  return { ...int64Array(found), shape: shape.map((n, k) => (k === axis ? 1 : n)) };
}

/** Position of each element after padding, −1 for added ones; negative padding crops. @param pads  Before each axis, then after each. */
export function croppedPositions(shape: readonly number[], pads: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  let positions = Int32Array.of(0);
  for (const [axis, length] of shape.entries()) {
    const before = pads[axis]!;
    const size = length + before + pads[axis + shape.length]!;
    const next = new Int32Array(positions.length * size);
    for (let i = 0; i < next.length; i++) {
      const [start, at] = [positions[Math.floor(i / size)]!, (i % size) - before];
      next[i] = start < 0 || at < 0 || at >= length ? -1 : start + at * strides[axis]!;
    }
    positions = next;
  }
  return positions;
}
