import * as ops from "@neft/tensor";
import { flag, int, ints, positions, real, text } from "../attribute-kinds.js";
import { axesOf } from "../dimensions.js";
import type { HostArray } from "../host-array.js";
import { checkedSize, int64Array, maxHostElements, toPositions } from "../host-array.js";
import { concatElements, gatherElements, sliceElements } from "../integers.js";
import { lookupMap } from "../maps/lookup.js";
import { scalar } from "./adaptors.js";
import {
  checkOne,
  checkType,
  defineAdaptor,
  defineOperator,
  hostInput,
  integersOf,
  type OperatorCall,
} from "./operator.js";
import { product } from "./product.js";
import { alongAxis, paddedAxes, slicedAxes } from "./scaling.js";
import { concat as concatTrack, gather as gatherTrack, padded, sliced } from "./tracks.js";
import type { WeightUse } from "./traits.js";

// The standard allows negative axes since opset 11. Exporters wrote them for opset 9 already, and runtimes accept them.

function slicePositions(call: OperatorCall): ops.SliceAttributes {
  const positions = (index: number) => {
    const array = hostInput(call, index);
    return array && toPositions(array);
  };
  const [starts, ends, axes, steps] = [positions(1) ?? [], positions(2) ?? [], positions(3), positions(4)];
  return { starts, ends, ...(axes && { axes }), ...(steps && { steps }) };
}

/** y = x[starts:ends:steps] along axes. All of them are inputs. */
export const slice = defineOperator({
  name: "Slice",
  since: 10,
  inputs: [3, 5],
  attributes: {},
  traits: { rearranges: "moved", scaling: slicedAxes },
  older: {
    1: defineAdaptor({
      inputs: [1, 1],
      attributes: { starts: positions({ required: true }), ends: positions({ required: true }), axes: ints() },
      adapt: ({ inputs, attributes: { starts, ends, axes }, constant }) => ({
        inputs: [
          inputs[0]!,
          constant("starts", int64Array(starts)),
          constant("ends", int64Array(ends)),
          ...(axes ? [constant("axes", int64Array(axes))] : []),
        ],
      }),
    }),
  },
  track: sliced,
  infer: ([x], _, call) => [{ dtype: x.dtype, shape: ops.sliceRange(x.shape, slicePositions(call)).sizes }],
  run: ([x], _, call) => [ops.slice(x, slicePositions(call))],
  integers: ([x], _, call) => [sliceElements(x, ops.sliceRange(x.shape, slicePositions(call)))],
});

/** The table of an embedding on a crossbar: [rows, size], of which each index reads one row, a product with a one-hot vector. */
function tableUse(shape: readonly number[] | undefined, axis: number): WeightUse[] {
  if (shape?.length !== 2 || ops.axisOf("axis", axis, 2) !== 0) return [];
  return [{ input: 0, layout: "io", inputs: shape[0]!, outputs: shape[1]! }];
}

/** Takes slices of x along an axis at integer indices of any shape. With `on_array`, the table x stands on a crossbar. */
export const gather = defineOperator({
  name: "Gather",
  since: 1,
  inputs: [2, 2],
  attributes: { axis: int({ default: 0 }), on_array: flag(false, { internal: true }) },
  traits: {
    rearranges: "moved",
    scaling: alongAxis,
    embeds: "on_array",
    products: {
      operands: [0],
      isProduct: ({ on_array }) => on_array,
      uses: (shapeOf, { axis, on_array }) => (on_array ? tableUse(shapeOf(0), axis) : []),
    },
  },
  expand: ({ attributes: { on_array: _, ...attributes }, ...node }) => [{ ...node, attributes }],
  track: gatherTrack,
  infer: ([x, indices], { axis: given }) => {
    if (indices.dtype !== "i64" && indices.dtype !== "i32")
      throw new TypeError(`indices: expected i64 or i32, got ${indices.dtype}`);
    const axis = ops.axisOf("axis", given, x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  run: ([x, indices], { axis }, call) => [
    call.arrays.includes(0)
      ? product(call, { weight: 0, input: indices, map: lookupMap, sharedDraw: "an embedding reads it" })
      : ops.gather(x, indices, { axis: ops.axisOf("axis", axis, x.shape.length) }),
  ],
  integers: ([x, indices], { axis }) => [gatherElements(x, indices, ops.axisOf("axis", axis, x.shape.length))],
});

/** Concatenates values along an axis. */
export const concat = defineOperator({
  name: "Concat",
  since: 4,
  inputs: [1, Number.POSITIVE_INFINITY],
  attributes: { axis: int({ required: true }) },
  traits: { rearranges: "rowMajor", scaling: alongAxis },
  track: concatTrack,
  infer: (inputs, { axis: given }) => {
    const [first, ...others] = inputs as [(typeof inputs)[number], ...typeof inputs];
    const axis = ops.axisOf("axis", given, first.shape.length);
    const shape = [...first.shape];
    for (const other of others) {
      if (other.dtype !== first.dtype)
        throw new TypeError(`expected inputs of one dtype, got ${first.dtype} and ${other.dtype}`);
      const fits = other.shape.length === shape.length && other.shape.every((n, k) => k === axis || n === shape[k]);
      if (!fits) {
        throw new RangeError(
          `expected equal shapes except on axis ${axis}, got [${first.shape.join(", ")}] and [${other.shape.join(", ")}]`,
        );
      }
      shape[axis]! += other.shape[axis]!;
    }
    return [{ dtype: first.dtype, shape }];
  },
  run: (inputs, { axis }) => [ops.concat(inputs, { axis: ops.axisOf("axis", axis, inputs[0]!.shape.length) })],
  integers: (inputs, { axis }) => [concatElements(inputs, ops.axisOf("axis", axis, inputs[0]!.shape.length))],
});

const padModes = ["constant", "reflect", "edge", "wrap"] as const;

/** What negative padding keeps of an axis: position of the first element and number of elements, below 1 when none remain. */
interface Kept {
  readonly first: number;
  readonly length: number;
}

/** Padding at both ends of every axis, and the padded sizes. Negative padding crops, before positive padding adds anything. */
function padsOf(
  shape: readonly number[],
  call: OperatorCall,
): { begins: number[]; ends: number[]; sizes: number[]; kept: Kept[] } {
  const pads = integersOf(call, 1) ?? [];
  const given = integersOf(call, 3);
  const axes = given ? given.map((axis) => ops.axisOf("axes", axis, shape.length)) : shape.map((_, axis) => axis);
  axesOf(axes, shape.length);
  if (pads.length !== 2 * axes.length)
    throw new RangeError(`pads: expected ${2 * axes.length} values, got ${pads.length}`);
  const begins = shape.map(() => 0);
  const ends = shape.map(() => 0);
  axes.forEach((axis, i) => {
    begins[axis] = pads[i]!;
    ends[axis] = pads[i + axes.length]!;
  });
  const sizes = shape.map((n, axis) => n + begins[axis]! + ends[axis]!);
  checkedSize(sizes);
  const kept = shape.map((n, axis) => {
    const first = Math.max(0, -begins[axis]!);
    return { first, length: n - first - Math.max(0, -ends[axis]!) };
  });
  return { begins, ends, sizes, kept };
}

/** Index in the input, along an axis, of the element at a position relative to the axis' first element. */
function paddedIndex(mode: (typeof padModes)[number], position: number, { first, length }: Kept): number {
  const at = position - first;
  if (at >= 0 && at < length) return position;
  if (mode === "edge") return first + (at < 0 ? 0 : length - 1);
  if (mode === "wrap") return first + (((at % length) + length) % length);
  const period = Math.max(1, 2 * (length - 1));
  const folded = ((at % period) + period) % period;
  return first + (folded < length ? folded : period - folded);
}

const opset2Modes = ["constant", "reflect", "edge"] as const;

/** Pads or crops x at both ends of axes. Modes: constant, reflect, edge, wrap. */
export const pad = defineOperator({
  name: "Pad",
  since: 11,
  inputs: [2, 4],
  inputsSince: { 11: [2, 3], 18: [2, 4] },
  attributes: { mode: text(padModes, { default: "constant", later: { wrap: 19 } }) },
  traits: { scaling: paddedAxes },
  older: {
    2: defineAdaptor({
      inputs: [1, 1],
      attributes: {
        mode: text(opset2Modes, { default: "constant" }),
        value: real({ default: 0, infinite: true }),
        pads: ints({ required: true }),
      },
      adapt: ({ inputs, attributes: { mode, value, pads }, constant }) => ({
        inputs: [inputs[0]!, constant("pads", int64Array(pads)), constant("value", scalar(value))],
        attributes: { mode },
      }),
    }),
  },
  track: padded,
  infer: ([x, , value], { mode }, call) => {
    checkType(value, x.dtype, 2);
    checkOne(value, 2);
    const { sizes, kept } = padsOf(x.shape, call);
    if (mode !== "constant" && sizes.some((n, axis) => n > 0 && kept[axis]!.length < 1)) {
      throw new RangeError(
        `expected elements for mode ${mode} to repeat, got none of [${x.shape.join(", ")}] that negative pads leave`,
      );
    }
    return [{ dtype: x.dtype, shape: sizes }];
  },
  run: ([x, , value], { mode }, call) => {
    const { begins, ends, sizes, kept } = padsOf(x.shape, call);
    if (mode === "constant") return [ops.pad(x, { pads: [...begins, ...ends], value: value?.item() ?? 0 })];
    let y = x;
    sizes.forEach((size, axis) => {
      if (begins[axis] === 0 && ends[axis] === 0) return;
      const from = Array.from({ length: size }, (_, i) => paddedIndex(mode, i - begins[axis]!, kept[axis]!));
      y = ops.gather(y, from, { axis });
    });
    return [y];
  },
  integers: ([x, , value], { mode }, call) => {
    const { begins, sizes, kept } = padsOf(x.shape, call);
    if (checkedSize(sizes, maxHostElements) === 0)
      return [{ dtype: x.dtype, shape: sizes, data: ops.zeroData(x.dtype, 0) }];
    let y = x;
    sizes.forEach((size, axis) => {
      const length = x.shape[axis]!;
      // Constant padding reads one more element, appended to the axis, that has the padding's value.
      const source = (at: number) =>
        mode === "constant" ? (at >= 0 && at < length ? at : length) : paddedIndex(mode, at, kept[axis]!);
      const from = Array.from({ length: size }, (_, i) => source(i - begins[axis]!));
      const wide = mode === "constant" ? concatElements([y, paddingLike(y, axis, value)], axis) : y;
      y = gatherElements(wide, int64Array(from), axis);
    });
    return [y];
  },
});

/** Array like x with size 1 along an axis, filled with a value. Default: 0. */
function paddingLike(x: HostArray, axis: number, value: HostArray | undefined): HostArray {
  const sizes = x.shape.map((n, k) => (k === axis ? 1 : n));
  const data = ops.zeroData(x.dtype, checkedSize(sizes));
  if (value !== undefined) data.fill(value.data[0] as never);
  return { dtype: x.dtype, shape: sizes, data };
}
