import * as ops from "@neft/tensor";
import { flag, int } from "../../attribute-kinds.js";
import { type HostArray, int64Array, type KnownValue } from "../../host-array.js";
import { gatherElements } from "../../integers.js";
import { largestAt } from "../../searches.js";
import { defineOnArrays, defineSelection } from "../on-arrays.js";
import {
  DataDependentError,
  defineAdaptor,
  defineOperator,
  hostInput,
  integersOf,
  type Operator,
  type OperatorCall,
} from "../operator.js";
import { type AxisPosition, failMixed, firstInputPosition, type TrackCall } from "../tracks.js";

// Operators that look for elements. Where shapes depend on data, shape inference knows those of integers alone.

/** The elements of an input. @throws {DataDependentError} when shape inference doesn't know them. */
function known(input: KnownValue): HostArray {
  if (input.data === undefined)
    throw new DataDependentError(
      "expected an input that depends on shapes and constants only, got one that depends on data",
    );
  return input as HostArray;
}

/** Items along another axis than the one that is searched. */
function besideAxis(call: TrackCall<{ readonly axis: number | undefined }>): AxisPosition {
  const position = firstInputPosition(call);
  const { axis } = call.attributes;
  if (axis === undefined || ops.axisOf("axis", axis, call.inputs[0]!.shape.length) === position.axis)
    return failMixed();
  return position;
}

const nonZeroRows = ({ data, shape }: HostArray): HostArray => {
  const rows = ops.nonZeroIndices(data as ops.TensorData, shape);
  return { ...int64Array(rows.flatMap((row) => [...row])), shape: [rows.length, rows[0]!.length] };
};

/** Indices of the elements other than 0, axis by axis: [rank, count]. */
export const nonZero = defineOnArrays({
  name: "NonZero",
  since: 9,
  inputs: [1, 1],
  attributes: {},
  traits: {},
  track: failMixed,
  infer: ([x]) => [nonZeroRows(known(x))],
  compute: ([x]) => [nonZeroRows(x)],
});

/** Length of the axis, or of all elements as one axis, and the indices along it where the condition holds. */
function kept(shape: readonly number[], axis: number | undefined, call: OperatorCall): number[] {
  const length = axis === undefined ? ops.sizeOf(shape) : shape[ops.axisOf("axis", axis, shape.length)]!;
  return ops.compressIndices("Compress", hostInput(call, 1)!.data as ops.Elements, length);
}

/** The slices along an axis, or the elements, where a condition holds. */
export const compress = defineSelection({
  name: "Compress",
  since: 9,
  inputs: [2, 2],
  attributes: { axis: int() },
  traits: {},
  track: besideAxis,
  shape: (shape, { axis }, call) => {
    const { length } = kept(shape, axis, call);
    if (axis === undefined) return [length];
    const at = ops.axisOf("axis", axis, shape.length);
    return shape.map((n, k) => (k === at ? length : n));
  },
  positions: (shape, { axis }, call) => {
    const indices = kept(shape, axis, call);
    if (axis === undefined) return Int32Array.from(indices);
    const at = ops.axisOf("axis", axis, shape.length);
    const all = Int32Array.from({ length: ops.sizeOf(shape) }, (_, i) => i);
    return gatherElements({ dtype: "i32", shape, data: all }, int64Array(indices), at).data as Int32Array;
  },
});

interface UniqueAttributes {
  readonly axis: number | undefined;
  readonly sorted: boolean;
}

function uniqueOf(x: HostArray, { axis, sorted }: UniqueAttributes): HostArray[] {
  const { indices, inverse, counts } = ops.uniqueIndices(x.data as ops.TensorData, x.shape, { axis, sorted });
  const [source, at] =
    axis === undefined ? [{ ...x, shape: [x.data.length] }, 0] : [x, ops.axisOf("axis", axis, x.shape.length)];
  const lists = [indices, inverse, counts].map((list) => int64Array([...list]));
  return [gatherElements(source, lists[0]!, at), ...lists];
}

/** The distinct elements, or slices along an axis; where each occurs first, which one each is, and how many there are. */
export const unique = defineOperator({
  name: "Unique",
  since: 11,
  inputs: [1, 1],
  outputs: 4,
  attributes: { axis: int(), sorted: flag(true) },
  traits: {},
  track: failMixed,
  infer: ([x], attributes) => uniqueOf(known(x), attributes),
  run: ([x], attributes) => {
    const { y, indices, inverse, counts } = ops.unique(x, attributes);
    return [y, indices, inverse, counts];
  },
  integers: ([x], attributes) => uniqueOf(x, attributes),
});

interface TopKAttributes {
  readonly axis: number;
  readonly largest: boolean;
  readonly sorted: boolean;
}

const kOf = (call: OperatorCall): number => integersOf(call, 1)![0]!;

/** The k largest or smallest elements along an axis, and their indices. Of equal ones, the first comes first. */
export const topK = defineOperator({
  name: "TopK",
  since: 10,
  inputs: [2, 2],
  outputs: 2,
  attributes: { axis: int({ default: -1 }), largest: flag(true, { since: 11 }), sorted: flag(true, { since: 11 }) },
  traits: {},
  older: {
    1: defineAdaptor({
      inputs: [1, 1],
      outputs: 2,
      attributes: { axis: int({ default: -1 }), k: int({ required: true, min: 0 }) },
      adapt: ({ inputs, attributes: { axis, k }, constant }) => ({
        inputs: [inputs[0]!, constant("k", int64Array([k]))],
        attributes: { axis },
      }),
    }),
  },
  track: besideAxis,
  infer: ([x], { axis: given }, call) => {
    const [axis, k] = [ops.axisOf("axis", given, x.shape.length), kOf(call)];
    if (k < 0 || k > x.shape[axis]!) throw new RangeError(`k: expected 0 to ${x.shape[axis]}, got ${k}`);
    const shape = x.shape.map((n, at) => (at === axis ? k : n));
    return [
      { dtype: x.dtype, shape },
      { dtype: "i64", shape },
    ];
  },
  run: ([x], attributes: TopKAttributes, call) => {
    const { values, indices } = ops.topK(x, { ...attributes, k: kOf(call) });
    return [values, indices];
  },
  integers: ([x], attributes: TopKAttributes, call) => {
    const { shape, positions, indices } = ops.topKPositions("TopK", x.data as ops.TensorData, x.shape, {
      ...attributes,
      k: kOf(call),
    });
    return [
      { dtype: x.dtype, shape, data: ops.takeValues(x.data as ops.TensorData, positions) },
      { ...int64Array([...indices]), shape },
    ];
  },
});

/** Defines an operator that gives the index of the largest or smallest element along an axis. */
function indexOfExtreme(name: string, isLargest: boolean): Operator {
  return defineOnArrays({
    name,
    since: 1,
    inputs: [1, 1],
    attributes: { axis: int({ default: 0 }), keepdims: flag(true), select_last_index: flag(false, { since: 12 }) },
    traits: {},
    track: (call) => {
      const position = besideAxis(call);
      const { axis, keepdims } = call.attributes;
      const isAfter = ops.axisOf("axis", axis, call.inputs[0]!.shape.length) < position.axis;
      return keepdims || !isAfter ? position : { ...position, axis: position.axis - 1 };
    },
    infer: ([x], { axis, keepdims }) => {
      const at = ops.axisOf("axis", axis, x.shape.length);
      if (x.shape[at] === 0) throw new RangeError(`expected elements on axis ${at}, got [${x.shape.join(", ")}]`);
      return [{ dtype: "i64", shape: x.shape.flatMap((n, k) => (k !== at ? [n] : keepdims ? [1] : [])) }];
    },
    compute: ([x], { axis, keepdims, select_last_index: isLast }) => {
      const at = ops.axisOf("axis", axis, x.shape.length);
      const found = largestAt(x, at, { isLargest, isLast });
      return [{ ...found, shape: x.shape.flatMap((n, k) => (k !== at ? [n] : keepdims ? [1] : [])) }];
    },
  });
}

export const argMax = indexOfExtreme("ArgMax", true);
export const argMin = indexOfExtreme("ArgMin", false);
