import * as ops from "@neft/tensor";
import { type AttributeKind, int, text } from "../../attribute-kinds.js";
import type { HostArray, KnownValue } from "../../host-array.js";
import { defineSelection } from "../on-arrays.js";
import { defineOperator, hostInput, type Operator, type OperatorCall } from "../operator.js";
import { type AxisPosition, commonPosition, failMixed, type TrackCall } from "../tracks.js";

// Operators that take or put single elements or slices, by indices.

const indices = (call: OperatorCall, index = 1): HostArray => {
  const array = hostInput(call, index)!;
  if (array.dtype !== "i64" && array.dtype !== "i32")
    throw new TypeError(`indices: expected i64 or i32, got ${array.dtype}`);
  return array;
};

/** Items along an axis that inputs and output share, other than the one that is indexed. */
function besideAxis(call: TrackCall<{ readonly axis: number }>): AxisPosition {
  const position = commonPosition(call.positions);
  const axis = ops.axisOf("axis", call.attributes.axis, call.output.shape.length);
  const lengths = call.inputs.map((input) => input!.shape[position.axis]);
  return position.axis === axis || lengths.some((n) => n !== lengths[0]) ? failMixed() : position;
}

/** Takes elements along an axis, each by an index of its own. */
export const gatherElements = defineSelection({
  name: "GatherElements",
  since: 11,
  inputs: [2, 2],
  attributes: { axis: int({ default: 0 }) },
  traits: {},
  track: besideAxis,
  shape: (_, __, call) => call.inputs[1]!.shape,
  positions: (shape, { axis }, call) => {
    const at = indices(call);
    return ops.gatherElementsPositions("GatherElements", shape, at.data as ops.Elements, at.shape, axis);
  },
});

/** Takes slices by index tuples, the last axis of the indices. The first `batch_dims` axes are shared. */
export const gatherND = defineSelection({
  name: "GatherND",
  since: 11,
  inputs: [2, 2],
  attributes: { batch_dims: int({ default: 0, min: 0, since: 12 }) },
  traits: {},
  track: ({ attributes: { batch_dims }, positions }) => {
    const position = commonPosition(positions);
    return position.axis < batch_dims ? position : failMixed();
  },
  shape: (shape, { batch_dims }, call) => {
    const at = call.inputs[1]!.shape;
    return [...at.slice(0, -1), ...shape.slice(batch_dims + at.at(-1)!)];
  },
  positions: (shape, { batch_dims }, call) => {
    const at = indices(call);
    return ops.gatherNDPositions("GatherND", shape, at.data as ops.Elements, at.shape, batch_dims).positions;
  },
});

/** y with updates combined into it at positions. */
function scattered(
  y: HostArray,
  positions: Int32Array,
  updates: HostArray,
  reduction: ops.ScatterReduction,
): HostArray {
  if (positions.length !== updates.data.length)
    throw new RangeError(`expected ${positions.length} updates, got [${updates.shape.join(", ")}]`);
  const data = y.data.slice();
  ops.scatterValues(data as ops.TensorData, positions, updates.data as ops.TensorData, reduction);
  return { ...y, data };
}

const inferScatter = ([data, , updates]: readonly [KnownValue, KnownValue, KnownValue]): KnownValue[] => {
  if (data.dtype !== updates.dtype) throw new TypeError(`expected updates of ${data.dtype}, got ${updates.dtype}`);
  return [{ dtype: data.dtype, shape: data.shape }];
};

const reduction = text(["none", "add", "mul", "max", "min"], {
  default: "none",
  since: 16,
  later: { max: 18, min: 18 },
});

/** Defines an operator that puts elements along an axis, each at an index of its own. */
function elementScatter(
  name: string,
  since: number,
  attributes: { readonly reduction?: AttributeKind<ops.ScatterReduction> },
): Operator {
  return defineOperator({
    name,
    since,
    inputs: [3, 3],
    attributes: { axis: int({ default: 0 }), ...attributes },
    traits: {},
    track: besideAxis,
    infer: inferScatter,
    run: ([data, at, updates], { axis, reduction: how }) => [
      ops.scatterElements(data, at, updates, { axis, reduction: how ?? "none" }),
    ],
    integers: ([data, , updates], { axis, reduction: how }, call) => {
      const at = indices(call);
      const list = at.data as ops.Elements;
      const positions = ops.gatherElementsPositions(name, data.shape, list, at.shape, axis);
      return [scattered(data, positions, updates, how ?? "none")];
    },
  });
}

export const scatterElements = elementScatter("ScatterElements", 11, { reduction });
/** As ScatterElements, which replaced it in opset 11. */
export const scatter = elementScatter("Scatter", 9, {});

/** Puts slices at index tuples, the last axis of the indices. */
export const scatterND = defineOperator({
  name: "ScatterND",
  since: 11,
  inputs: [3, 3],
  attributes: { reduction },
  traits: {},
  track: failMixed,
  infer: inferScatter,
  run: ([data, at, updates], { reduction }) => [ops.scatterND(data, at, updates, { reduction })],
  integers: ([data, , updates], { reduction }, call) => {
    const at = indices(call);
    const { positions } = ops.gatherNDPositions("ScatterND", data.shape, at.data as ops.Elements, at.shape);
    return [scattered(data, positions, updates, reduction)];
  },
});

interface CacheAttributes {
  readonly axis: number;
  readonly mode: "linear" | "circular";
}

/** Index along the cache's axis of each element of an update. */
function cacheIndices(
  cache: readonly number[],
  update: readonly number[],
  { axis: given, mode }: CacheAttributes,
  starts: readonly number[] | undefined,
): HostArray {
  const axis = ops.axisOf("axis", given, cache.length);
  if (axis === 0) throw new RangeError("axis: expected an axis after the batch, got 0");
  const [steps, inner] = [update[axis]!, ops.sizeOf(update.slice(axis + 1))];
  const perItem = ops.sizeOf(update.slice(1));
  const size = cache[axis]!;
  const data = Int32Array.from({ length: ops.sizeOf(update) }, (_, i) => {
    const start = starts?.[Math.floor(i / perItem)] ?? 0;
    const index = start + (Math.floor(i / inner) % steps);
    if (start < 0 || (mode === "linear" && index >= size))
      throw new RangeError(`expected updates inside the cache of ${size} steps, got step ${index}`);
    return index % size;
  });
  return { dtype: "i32", shape: update, data };
}

/** A cache with an update written along an axis, from an index of each item of the batch on. */
export const tensorScatter = defineOperator({
  name: "TensorScatter",
  since: 24,
  inputs: [2, 3],
  attributes: { axis: int({ default: -2 }), mode: text(["linear", "circular"], { default: "linear" }) },
  traits: {},
  track: ({ attributes: { axis }, positions, output }) => {
    const position = commonPosition(positions);
    return position.axis === ops.axisOf("axis", axis, output.shape.length) ? failMixed() : position;
  },
  infer: ([cache, update, starts], { axis: given }) => {
    const axis = ops.axisOf("axis", given, cache.shape.length);
    const fits =
      cache.shape.length === update.shape.length && cache.shape.every((n, at) => at === axis || n === update.shape[at]);
    if (!fits || cache.dtype !== update.dtype || update.shape[axis]! > cache.shape[axis]!)
      throw new RangeError(
        `expected an update of ${cache.dtype} [${cache.shape.join(", ")}] with fewer steps on axis ${axis}, got ${update.dtype} [${update.shape.join(", ")}]`,
      );
    if (starts !== undefined && starts.shape.join() !== `${cache.shape[0]}`)
      throw new RangeError(`expected ${cache.shape[0]} write indices, got [${starts.shape.join(", ")}]`);
    return [{ dtype: cache.dtype, shape: cache.shape }];
  },
  run: ([cache, update, starts], attributes) => {
    const at = cacheIndices(cache.shape, update.shape, attributes, starts?.numbers());
    const { axis } = attributes;
    return [ops.scatterElements(cache, ops.tensor(at.data, at.shape, "i32"), update, { axis })];
  },
  integers: ([cache, update, starts], attributes) => {
    const at = cacheIndices(
      cache.shape,
      update.shape,
      attributes,
      starts && Array.from(starts.data as ArrayLike<number>, Number),
    );
    const positions = ops.gatherElementsPositions(
      "TensorScatter",
      cache.shape,
      at.data as Int32Array,
      at.shape,
      attributes.axis,
    );
    return [scattered(cache, positions, update, "none")];
  },
});
