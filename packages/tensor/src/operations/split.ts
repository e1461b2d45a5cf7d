import { isRecording } from "../graph.js";
import { axisOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { slice } from "./indexing.js";
import { reshape } from "./layout.js";

/** The part of x from `start` to `end` along an axis. */
export const sliceAxis = (x: Tensor, axis: number, start: number, end: number): Tensor =>
  start === 0 && end === x.shape[axis] ? x : slice(x, { starts: [start], ends: [end], axes: [axis] });

/**
 * Splits x along an axis into consecutive parts.
 *
 * While recording, it halves the parts until each is alone, so that gradients of n parts take n·log n steps: the gradient of a slice is as
 * large as its source.
 *
 * @param sizes  Sizes of the parts; their sum is that of the axis.
 * @throws {RangeError} when the sizes don't add up, or for an axis out of range.
 */
export function split(x: Tensor, sizes: readonly number[], { axis = 0 }: { readonly axis?: number } = {}): Tensor[] {
  const at = axisOf("split", axis, x.shape.length);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total !== x.shape[at] || !sizes.every((size) => Number.isInteger(size) && size >= 0)) {
    throw new RangeError(`split: expected sizes that add up to ${x.shape[at]}, got [${sizes.join(", ")}]`);
  }
  if (sizes.length === 1) return [reshape(x, x.shape)];
  if (!isRecording()) {
    let end = 0;
    return sizes.map((size) => {
      end += size;
      return slice(x, { starts: [end - size], ends: [end], axes: [at] });
    });
  }
  const halve = (part: Tensor, list: readonly number[]): Tensor[] => {
    if (list.length <= 1) return list.length === 1 ? [part] : [];
    const half = list.length >> 1;
    const middle = list.slice(0, half).reduce((sum, size) => sum + size, 0);
    return [
      ...halve(slice(part, { starts: [0], ends: [middle], axes: [at] }), list.slice(0, half)),
      ...halve(slice(part, { starts: [middle], ends: [part.shape[at]!], axes: [at] }), list.slice(half)),
    ];
  };
  return halve(x, sizes);
}
