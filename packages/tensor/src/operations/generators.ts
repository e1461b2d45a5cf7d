import { type Shape, shapeText } from "../shape.js";
import { fromWriter, type Tensor } from "../tensor.js";
import { checkedSize } from "./element-positions.js";

/** Number of elements of a range: ⌈(limit − start)/delta⌉, at least 0. @throws {RangeError} for a delta of 0, or a range too long. */
export function rangeLength(who: string, start: number, limit: number, delta: number): number {
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  if (delta === 0 || Number.isNaN(length)) {
    throw new RangeError(`${who}: expected finite bounds and a delta other than 0, got ${start}, ${limit}, ${delta}`);
  }
  return checkedSize(who, [length]);
}

/** start, start + delta, … below the limit (above, for a negative delta), each computed in f32. @throws as {@link rangeLength}. */
export function range(start: number, limit: number, delta: number): Tensor {
  const length = rangeLength("range", start, limit, delta);
  return fromWriter([length], (values) => {
    for (let i = 0; i < length; i++) values[i] = start + Math.fround(i * delta);
  });
}

/** 1 on the diagonal k, 0 elsewhere; `shape`: [rows, columns]. `k` default: 0, the main diagonal; positive above it. */
export function eye(shape: Shape, { k = 0 }: { readonly k?: number } = {}): Tensor {
  const [rows, columns, ...more] = shape;
  if (rows === undefined || columns === undefined || more.length > 0 || !Number.isInteger(k)) {
    throw new RangeError(`eye: expected two axes and a whole number k, got ${shapeText(shape)} and ${k}`);
  }
  checkedSize("eye", shape);
  return fromWriter(shape, (values) => {
    values.fill(0);
    for (let i = Math.max(0, -k); i < rows && i + k < columns; i++) values[i * columns + i + k] = 1;
  });
}
