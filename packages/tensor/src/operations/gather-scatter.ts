import { axisOf, shapeText } from "../shape.js";
import { Tensor } from "../tensor.js";
import {
  type Elements,
  gatherElementsPositions,
  gatherNDPositions,
  type ScatterReduction,
} from "./element-positions.js";
import { scatterOp, takeElements } from "./elements.js";
import { gather } from "./indexing.js";
import { expand, reshape } from "./layout.js";
import {
  compressIndices,
  oneHotPositions,
  type ReverseSequenceAttributes,
  reverseSequencePositions,
  type TriluAttributes,
  tileShape,
  triluPositions,
} from "./rearrangement-positions.js";

/** Elements of an index tensor. @throws {TypeError} unless it is i64 or i32. */
export function indexValues(who: string, indices: Tensor): Elements {
  if (indices.dtype !== "i64" && indices.dtype !== "i32") {
    throw new TypeError(`${who}: expected i64 or i32 indices, got ${indices.dtype}`);
  }
  return indices.values() as Elements;
}

/** A list of numbers from a tensor of any integer type, or the list itself. */
const listOf = (list: Tensor | readonly number[]): readonly number[] =>
  list instanceof Tensor ? list.numbers() : list;

/**
 * Takes elements of x along an axis, each by an index of its own: y[i, j] = x[indices[i, j], j] for axis 0.
 *
 * @param indices  i64 or i32, of the rank of x; the shape of y. Negative indices count from the end.
 * @param axis     Default: 0.
 * @throws {RangeError} when shapes don't match, or for an index outside the axis.
 */
export function gatherElements(x: Tensor, indices: Tensor, { axis = 0 }: { readonly axis?: number } = {}): Tensor {
  const list = indexValues("gatherElements", indices);
  const positions = gatherElementsPositions("gatherElements", x.shape, list, indices.shape, axis);
  return takeElements(x, { shape: indices.shape, positions });
}

/**
 * Takes slices of x by index tuples: y[i, ..] = x[indices[i], ..].
 *
 * @param indices    i64 or i32, [.., k].
 * @param batchDims  Number of leading axes that x and the indices share. Default: 0.
 * @throws {RangeError} when shapes don't match, or for an index outside its axis.
 */
export function gatherND(x: Tensor, indices: Tensor, { batchDims = 0 }: { readonly batchDims?: number } = {}): Tensor {
  const list = indexValues("gatherND", indices);
  return takeElements(x, gatherNDPositions("gatherND", x.shape, list, indices.shape, batchDims));
}

/** Attributes of {@link scatterND}. */
export interface ScatterNDAttributes {
  /** How an update is combined with what is there. Default: "none", which overwrites; the last update of an element stays. */
  readonly reduction?: ScatterReduction;
}

/** Attributes of {@link scatterElements}. */
export interface ScatterElementsAttributes extends ScatterNDAttributes {
  /** Default: 0. */
  readonly axis?: number;
}

/** @throws {RangeError} unless the updates have this shape. */
function checkUpdates(who: string, updates: Tensor, shape: readonly number[]): void {
  if (updates.shape.join() !== shape.join()) {
    throw new RangeError(`${who}: expected updates ${shapeText(shape)}, got ${shapeText(updates.shape)}`);
  }
}

/**
 * A copy of the data with updates, each at an index of its own along an axis: y[indices[i, j], j] = updates[i, j] for axis 0.
 *
 * @param indices  i64 or i32, of the shape of the updates. Negative indices count from the end.
 * @throws {RangeError} when shapes don't match, or for an index outside the axis.
 */
export function scatterElements(
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  { axis = 0, reduction = "none" }: ScatterElementsAttributes = {},
): Tensor {
  const list = indexValues("scatterElements", indices);
  checkUpdates("scatterElements", updates, indices.shape);
  const positions = gatherElementsPositions("scatterElements", data.shape, list, indices.shape, axis);
  return scatterOp(data, updates, { positions, reduction });
}

/**
 * A copy of the data with updated slices: y[indices[i], ..] = updates[i, ..].
 *
 * @param indices  i64 or i32, [.., k].
 * @param updates  The shape of the indices without its last axis, then that of a slice.
 * @throws {RangeError} when shapes don't match, or for an index outside its axis.
 */
export function scatterND(
  data: Tensor,
  indices: Tensor,
  updates: Tensor,
  { reduction = "none" }: ScatterNDAttributes = {},
): Tensor {
  const list = indexValues("scatterND", indices);
  const { shape, positions } = gatherNDPositions("scatterND", data.shape, list, indices.shape);
  checkUpdates("scatterND", updates, shape);
  return scatterOp(data, updates, { positions, reduction });
}

/**
 * The elements along an axis where a condition holds.
 *
 * @param condition  Of one axis, no longer than that of x; elements beyond its end are dropped.
 * @param axis       Default: x counts as one axis.
 * @throws {RangeError} when the condition is longer than the axis.
 */
export function compress(
  x: Tensor,
  condition: Tensor | readonly (number | boolean)[],
  { axis }: { readonly axis?: number } = {},
): Tensor {
  const source = axis === undefined ? reshape(x, [x.size]) : x;
  const at = axisOf("compress", axis ?? 0, source.shape.length);
  const holds = condition instanceof Tensor ? condition.numbers() : condition.map(Number);
  return gather(source, compressIndices("compress", holds, source.shape[at]!), { axis: at });
}

/** Reverses the first `lengths[b]` steps of each sequence b. @throws {RangeError} when lengths or axes don't match. */
export function reverseSequence(
  x: Tensor,
  lengths: Tensor | readonly number[],
  attributes: ReverseSequenceAttributes = {},
): Tensor {
  const positions = reverseSequencePositions("reverseSequence", x.shape, listOf(lengths), attributes);
  return takeElements(x, { shape: x.shape, positions });
}

/** The upper or lower triangle of the last two axes; 0 elsewhere. @throws {RangeError} for fewer than two axes. */
export function trilu(x: Tensor, attributes: TriluAttributes = {}): Tensor {
  return takeElements(x, { shape: x.shape, positions: triluPositions("trilu", x.shape, attributes) });
}

/** Repeats x `repeats[i]` times along each axis i. @throws {RangeError} unless there is one whole number ≥ 0 per axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  const shape = tileShape("tile", x.shape, repeats);
  const blocks = reshape(
    x,
    x.shape.flatMap((dim) => [1, dim]),
  );
  const repeated = expand(
    blocks,
    x.shape.flatMap((dim, axis) => [repeats[axis]!, dim]),
  );
  return reshape(repeated, shape);
}

/** Attributes of {@link oneHot}. */
export interface OneHotAttributes {
  /** Number of classes. */
  readonly depth: number;
  /** Place of the new axis in the result; negative ones count from its end. Default: −1. */
  readonly axis?: number;
}

/**
 * The on value where the class along a new axis is the index, else the off value. An index outside −depth … depth − 1 gives off values
 * only.
 *
 * @param indices  Of any type; fractions are dropped.
 * @param values   [off value, on value].
 * @throws {RangeError} when the depth isn't a whole number ≥ 0, the axis is out of range, or there aren't two values.
 */
export function oneHot(indices: Tensor, values: Tensor, { depth, axis = -1 }: OneHotAttributes): Tensor {
  if (values.size !== 2) throw new RangeError(`oneHot: expected values [off, on], got ${shapeText(values.shape)}`);
  const whole = indices.numbers().map(Math.trunc);
  return takeElements(values, oneHotPositions("oneHot", whole, indices.shape, depth, axis));
}
