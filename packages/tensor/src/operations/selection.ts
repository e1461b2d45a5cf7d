import type { TensorData } from "../dtype.js";
import { axisOf, type Shape, shapeText, splitAt } from "../shape.js";
import { fromWriter, type Tensor, tensor } from "../tensor.js";
import { checkedSize, compare, type TopKAttributes, topKPositions } from "./element-positions.js";
import { takeElements } from "./elements.js";
import { gather } from "./indexing.js";
import { reshape } from "./layout.js";

/**
 * The k largest or smallest elements along an axis. Of equal elements, the one with the lower index comes first; NaN is the largest value.
 *
 * @returns the values, through which gradients flow, and their indices along the axis (i64), of the same shape.
 * @throws {RangeError} when k isn't a whole number from 0 to the size of the axis.
 */
export function topK(x: Tensor, attributes: TopKAttributes): { readonly values: Tensor; readonly indices: Tensor } {
  const { shape, positions, indices } = topKPositions("topK", x.values(), x.shape, attributes);
  return { values: takeElements(x, { shape, positions }), indices: tensor(indices, shape, "i64") };
}

/** Indices of the nonzero elements, axis by axis: [rank, number of them], row-major in both. A scalar counts as one axis. */
export function nonZeroIndices(values: TensorData, shape: Shape): Int32Array[] {
  const dims = shape.length === 0 ? [1] : shape;
  const found = Int32Array.from(values.keys()).filter((i) => Number(values[i]!) !== 0);
  const inner = dims.map((_, axis) => splitAt(dims, axis)[2]);
  return dims.map((dim, axis) => found.map((i) => Math.floor(i / inner[axis]!) % dim));
}

/** Indices of the nonzero elements of x, of any type: i64 [rank, number of them]. */
export function nonZero(x: Tensor): Tensor {
  const rows = nonZeroIndices(x.values(), x.shape);
  const [rank, count] = [rows.length, rows[0]!.length];
  return tensor(
    Int32Array.from({ length: rank * count }, (_, i) => rows[Math.floor(i / count)]![i % count]!),
    [rank, count],
    "i64",
  );
}

/** Attributes of {@link uniqueIndices}. */
export interface UniqueAttributes {
  /** Axis whose slices are compared. Default: all elements are compared. */
  readonly axis?: number | undefined;
  /** In ascending order, or in that of their first occurrence. Default: true. */
  readonly sorted?: boolean;
}

/** Result of {@link uniqueIndices}; indices count the slices along the axis, or all elements. */
export interface UniqueIndices {
  /** First occurrence of each unique slice. */
  readonly indices: Int32Array;
  /** Which unique slice each slice equals. */
  readonly inverse: Int32Array;
  /** Number of slices that equal each unique one. */
  readonly counts: Int32Array;
}

/** The distinct slices along an axis, or the distinct elements. Slices compare by their first differing element. */
export function uniqueIndices(
  values: TensorData,
  shape: Shape,
  { axis, sorted = true }: UniqueAttributes = {},
): UniqueIndices {
  const [outer, size, inner] =
    axis === undefined ? [1, values.length, 1] : splitAt(shape, axisOf("unique", axis, shape.length));
  const differ = (a: number, b: number): number => {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const start = o * size * inner + i;
        const order = compare(values[start + a * inner]!, values[start + b * inner]!);
        if (order !== 0) return order;
      }
    }
    return 0;
  };
  const order = Int32Array.from({ length: size }, (_, i) => i).sort((a, b) => differ(a, b) || a - b);
  const groups: number[][] = [];
  for (const [i, slice] of order.entries()) {
    if (i > 0 && differ(order[i - 1]!, slice) === 0) groups.at(-1)!.push(slice);
    else groups.push([slice]);
  }
  if (!sorted) groups.sort((a, b) => a[0]! - b[0]!);
  const inverse = new Int32Array(size);
  for (const [group, slices] of groups.entries()) for (const slice of slices) inverse[slice] = group;
  return {
    indices: Int32Array.from(groups, (slices) => slices[0]!),
    inverse,
    counts: Int32Array.from(groups, ({ length }) => length),
  };
}

/** Shape of what NonMaxSuppression reads. */
export interface BoxShape {
  readonly batches: number;
  readonly classes: number;
  readonly boxes: number;
}

/** Attributes of {@link selectedBoxes}. */
export interface SuppressionAttributes {
  /** Boxes are [y₁, x₁, y₂, x₂] of two opposite corners, or [x, y, width, height] of the centre. Default: "corners". */
  readonly boxFormat?: "corners" | "center";
  /** Maximum number of boxes for each class of each batch item. Default: 0, none. */
  readonly maxOutputBoxes?: number;
  /** A box is dropped when its overlap with a selected one, intersection over union, is above this. Default: 0. */
  readonly iouThreshold?: number;
  /** Boxes with a score at or below this are dropped. Default: no bound. */
  readonly scoreThreshold?: number | undefined;
}

/** Corners of a box, ordered, and its area. */
function cornersOf(boxes: ArrayLike<number>, at: number, format: "corners" | "center"): number[] {
  const [a, b, c, d] = [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!];
  const [top, left, bottom, right] =
    format === "corners"
      ? [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)]
      : [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [top!, left!, bottom!, right!, (bottom! - top!) * (right! - left!)];
}

/** Intersection over union of two boxes; 0 when one is empty. */
function overlap([top, left, bottom, right, area]: number[], [t, l, b, r, other]: number[]): number {
  const height = Math.min(bottom!, b!) - Math.max(top!, t!);
  const width = Math.min(right!, r!) - Math.max(left!, l!);
  if (!(height > 0 && width > 0)) return 0;
  const shared = height * width;
  return shared / (area! + other! - shared);
}

/**
 * NonMaxSuppression: the boxes of each class, by descending score, without those that overlap one of a higher score.
 *
 * @param boxes   [batches, boxes, 4].
 * @param scores  [batches, classes, boxes].
 * @returns triples (batch, class, box), one behind the other.
 */
export function selectedBoxes(
  boxes: ArrayLike<number>,
  scores: ArrayLike<number>,
  { batches, classes, boxes: count }: BoxShape,
  { boxFormat = "corners", maxOutputBoxes = 0, iouThreshold = 0, scoreThreshold }: SuppressionAttributes,
): number[] {
  const result: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const corners = Array.from({ length: count }, (_, i) => cornersOf(boxes, 4 * (batch * count + i), boxFormat));
    for (let one = 0; one < classes; one++) {
      const start = (batch * classes + one) * count;
      const candidates = Array.from({ length: count }, (_, i) => i)
        .filter((i) => scoreThreshold === undefined || scores[start + i]! > scoreThreshold)
        .sort((a, b) => compare(scores[start + b]!, scores[start + a]!) || a - b);
      const chosen: number[] = [];
      for (const candidate of candidates) {
        if (chosen.length >= maxOutputBoxes) break;
        if (chosen.some((other) => overlap(corners[candidate]!, corners[other]!) > iouThreshold)) continue;
        chosen.push(candidate);
      }
      for (const box of chosen) result.push(batch, one, box);
    }
  }
  return result;
}

/**
 * NonMaxSuppression, without a gradient.
 *
 * @param boxes   [batches, boxes, 4].
 * @param scores  [batches, classes, boxes].
 * @returns i64 [selected, 3]: batch, class and box.
 * @throws {RangeError} when shapes don't match.
 */
export function nonMaxSuppression(boxes: Tensor, scores: Tensor, attributes: SuppressionAttributes = {}): Tensor {
  const [batches, count, four] = boxes.shape;
  const [sameBatches, classes, sameCount] = scores.shape;
  const fits = boxes.shape.length === 3 && scores.shape.length === 3 && four === 4;
  if (!fits || batches !== sameBatches || count !== sameCount) {
    throw new RangeError(
      `nonMaxSuppression: expected boxes [batches, boxes, 4] and scores [batches, classes, boxes], got ${shapeText(boxes.shape)} and ${shapeText(scores.shape)}`,
    );
  }
  const shape = { batches: batches!, classes: classes!, boxes: count! };
  const triples = selectedBoxes(boxes.floats(), scores.floats(), shape, attributes);
  return tensor(triples, [triples.length / 3, 3], "i64");
}

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

/**
 * The distinct elements of x, or its distinct slices along an axis. Gradients flow to the first occurrences.
 *
 * @returns y, and i64 lists: the first occurrence of each, which of them each element equals, and how many equal it.
 * @throws {RangeError} for an axis out of range.
 */
export function unique(
  x: Tensor,
  attributes: UniqueAttributes = {},
): { readonly y: Tensor; readonly indices: Tensor; readonly inverse: Tensor; readonly counts: Tensor } {
  const { indices, inverse, counts } = uniqueIndices(x.values(), x.shape, attributes);
  const source = attributes.axis === undefined ? reshape(x, [x.size]) : x;
  const list = (values: Int32Array): Tensor => tensor(values, [values.length], "i64");
  return {
    y: gather(source, Array.from(indices), { axis: attributes.axis ?? 0 }),
    indices: list(indices),
    inverse: list(inverse),
    counts: list(counts),
  };
}
