import type { DType } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { floatAttribute, intAttribute, textAttribute } from "../attributes.js";
import { axesOf, axisOf } from "../dimensions.js";
import type { GraphNode } from "../graph.js";
import type { HostArray, HostData } from "../host-array.js";
import { hostData, int64Array, mostHostElements, sizeOf, toPositions } from "../host-array.js";
import { castElements, concatElements, gatherElements, gatherIndices, sliceElements, sliceRange } from "../integers.js";
import type { ElementsCall, InferCall, RunCall } from "./operator.js";
import { defineOperator, hostInput, integersOf, need } from "./operator.js";

/** Operators that pick, repeat or convert elements. */

function sliceOf(shape: readonly number[], call: InferCall | RunCall | ElementsCall) {
  const positions = (index: number) => {
    const array = hostInput(call, index);
    return array && toPositions(array);
  };
  const [starts, ends, axes, steps] = [positions(1) ?? [], positions(2) ?? [], positions(3), positions(4)];
  return sliceRange(shape, { starts, ends, ...(axes && { axes }), ...(steps && { steps }) });
}

/** y = x[starts:ends:steps] along axes, all four as inputs. */
export const slice = defineOperator({
  name: "Slice",
  arity: [3, 5],
  infer: (call) => {
    const x = need(call.inputs, 0);
    return [{ dtype: x.dtype, shape: sliceOf(x.shape, call).sizes }];
  },
  run: (call) => {
    const x = need(call.inputs, 0);
    const range = sliceOf(x.shape, call);
    const ends = range.begins.map((begin, axis) => {
      const end = begin + range.sizes[axis]! * range.steps[axis]!;
      return end < 0 ? Number.MIN_SAFE_INTEGER : end;
    });
    return [
      ops.slice(x, { starts: range.begins, ends, axes: range.begins.map((_, axis) => axis), steps: range.steps }),
    ];
  },
  elements: (call) => {
    const x = need(call.inputs, 0);
    return [sliceElements(x, sliceOf(x.shape, call))];
  },
});

/** y = x taken along an axis at integer indices of any shape. */
export const gather = defineOperator({
  name: "Gather",
  arity: [2, 2],
  infer: ({ node, inputs }) => {
    const [x, indices] = [need(inputs, 0), need(inputs, 1)];
    if (indices.dtype !== "i64" && indices.dtype !== "i32")
      throw new TypeError(`indices: expected i64 or i32, got ${indices.dtype}`);
    const axis = axisOf(intAttribute(node, "axis", 0), x.shape.length);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  run: (call) => {
    const x = need(call.inputs, 0);
    const axis = axisOf(intAttribute(call.node, "axis", 0), x.shape.length);
    const indices = hostInput(call, 1)!;
    const taken = ops.gather(x, gatherIndices(indices, x.shape[axis]!), { axis });
    return [ops.reshape(taken, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)])];
  },
  elements: ({ node, inputs }) => {
    const x = need(inputs, 0);
    return [gatherElements(x, need(inputs, 1), axisOf(intAttribute(node, "axis", 0), x.shape.length))];
  },
});

const padModes = ["constant", "reflect", "edge", "wrap"] as const;

/** What negative pads leave of an axis: the first element's place and how many there are, none where it is below 1. */
interface Kept {
  readonly first: number;
  readonly length: number;
}

/** Begins and ends for every axis; negative ones crop, before the others add anything. */
function padsOf(
  shape: readonly number[],
  call: InferCall | RunCall | ElementsCall,
): { begins: number[]; ends: number[]; sizes: number[]; kept: Kept[] } {
  const pads = integersOf(call, 1) ?? [];
  const given = integersOf(call, 3);
  const axes = given ? given.map((axis) => axisOf(axis, shape.length, "axes")) : shape.map((_, axis) => axis);
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
  sizeOf(sizes);
  const kept = shape.map((n, axis) => {
    const first = Math.max(0, -begins[axis]!);
    return { first, length: n - first - Math.max(0, -ends[axis]!) };
  });
  return { begins, ends, sizes, kept };
}

/** Which element of an axis stands at a position that counts from the axis' own first one, by mode. */
function paddedIndex(mode: (typeof padModes)[number], position: number, { first, length }: Kept): number {
  const at = position - first;
  if (at >= 0 && at < length) return position;
  if (mode === "edge") return first + (at < 0 ? 0 : length - 1);
  if (mode === "wrap") return first + (((at % length) + length) % length);
  const period = Math.max(1, 2 * (length - 1));
  const folded = ((at % period) + period) % period;
  return first + (folded < length ? folded : period - folded);
}

/** y = x with elements added or cropped at both ends of axes: constant, reflect, edge or wrap. */
export const pad = defineOperator({
  name: "Pad",
  arity: [2, 4],
  infer: (call) => {
    const x = need(call.inputs, 0);
    const { sizes, kept } = padsOf(x.shape, call);
    const mode = textAttribute(call.node, "mode", padModes, "constant");
    if (mode !== "constant" && sizes.some((n, axis) => n > 0 && kept[axis]!.length < 1)) {
      throw new RangeError(
        `expected elements for mode ${mode} to repeat, got none of [${x.shape.join(", ")}] that negative pads leave`,
      );
    }
    return [{ dtype: x.dtype, shape: sizes }];
  },
  run: (call) => {
    const x = need(call.inputs, 0);
    const mode = textAttribute(call.node, "mode", padModes, "constant");
    const { begins, ends, sizes, kept } = padsOf(x.shape, call);
    if (mode === "constant") return [ops.pad(x, { pads: [...begins, ...ends], value: call.inputs[2]?.item() ?? 0 })];
    let y = x;
    sizes.forEach((size, axis) => {
      if (begins[axis] === 0 && ends[axis] === 0) return;
      const from = Array.from({ length: size }, (_, i) => paddedIndex(mode, i - begins[axis]!, kept[axis]!));
      y = ops.gather(y, from, { axis });
    });
    return [y];
  },
  elements: (call) => {
    const mode = textAttribute(call.node, "mode", padModes, "constant");
    const x = need(call.inputs, 0);
    const { begins, sizes, kept } = padsOf(x.shape, call);
    if (sizeOf(sizes, mostHostElements) === 0) return [{ dtype: x.dtype, shape: sizes, data: hostData(x.dtype, 0) }];
    let y = x;
    sizes.forEach((size, axis) => {
      const length = x.shape[axis]!;
      // Positions outside a constant padding's input point at one more element, the padding's value.
      const place = (at: number) =>
        mode === "constant" ? (at >= 0 && at < length ? at : length) : paddedIndex(mode, at, kept[axis]!);
      const from = Array.from({ length: size }, (_, i) => place(i - begins[axis]!));
      const wide = mode === "constant" ? concatElements([y, paddingLike(y, axis, call.inputs[2])], axis) : y;
      y = gatherElements(wide, int64Array(from), axis);
    });
    return [y];
  },
});

/** One element along an axis, filled with a value or 0. */
function paddingLike(x: HostArray, axis: number, value: HostArray | undefined): HostArray {
  const sizes = x.shape.map((n, k) => (k === axis ? 1 : n));
  const data = hostData(x.dtype, sizeOf(sizes));
  if (value !== undefined) data.fill(value.data[0] as never);
  return { dtype: x.dtype, shape: sizes, data };
}

/** The sizes of x from axis start up to end, as i64. */
export const shape = defineOperator({
  name: "Shape",
  arity: [1, 1],
  infer: ({ node, inputs }) => [shapeElements(node, need(inputs, 0).shape)],
  run: ({ node, inputs }) => {
    const sizes = shapeElements(node, need(inputs, 0).shape);
    return [ops.tensor(sizes.data as BigInt64Array, sizes.shape, "i64")];
  },
  elements: ({ node, inputs }) => [shapeElements(node, need(inputs, 0).shape)],
});

function shapeElements(node: GraphNode, sizes: readonly number[]): HostArray {
  const rank = sizes.length;
  const place = (n: number) => Math.min(Math.max(n < 0 ? n + rank : n, 0), rank);
  return int64Array(sizes.slice(place(intAttribute(node, "start", 0)), place(intAttribute(node, "end", rank))));
}

const castTargets = ["f32", "i64", "i32", "u8", "i8", "bool"] as const satisfies readonly DType[];

/** x as another dtype, attribute `to`; every floating-point type of a file is f32 here. */
export const cast = defineOperator({
  name: "Cast",
  arity: [1, 1],
  infer: ({ node, inputs }) => [{ dtype: textAttribute(node, "to", castTargets, "f32"), shape: need(inputs, 0).shape }],
  run: ({ node, inputs }) => {
    const x = need(inputs, 0);
    const to = textAttribute(node, "to", castTargets, "f32");
    if (to === x.dtype) return [x];
    const data = castElements({ dtype: x.dtype, shape: x.shape, data: x.toArray() as HostData }, to).data;
    return [ops.tensor(data, x.shape, to)];
  },
  elements: ({ node, inputs }) => [castElements(need(inputs, 0), textAttribute(node, "to", castTargets, "f32"))],
});

/** Elements of the shape given as input, all of attribute `value`, of the dtype `dtype`. */
export const constantOfShape = defineOperator({
  name: "ConstantOfShape",
  arity: [1, 1],
  infer: (call) => [{ dtype: textAttribute(call.node, "dtype", castTargets, "f32"), shape: integersOf(call, 0) ?? [] }],
  run: (call) => {
    const { data, shape: sizes, dtype } = filledElements(call);
    return [ops.tensor(data, sizes, dtype)];
  },
  elements: (call) => [filledElements(call)],
});

function filledElements(call: RunCall | ElementsCall): HostArray {
  const sizes = integersOf(call, 0) ?? [];
  const dtype = textAttribute(call.node, "dtype", castTargets, "f32");
  const data = hostData(dtype, sizeOf(sizes, mostHostElements));
  const value = floatAttribute(call.node, "value", 0);
  data.fill((dtype === "i64" ? BigInt(value) : value) as never);
  return { dtype, shape: sizes, data };
}
