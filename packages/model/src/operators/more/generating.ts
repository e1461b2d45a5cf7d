import * as ops from "@neft/tensor";
import { dtype, ignored, int } from "../../attribute-kinds.js";
import { type HostArray, type HostData, isBig, toNumbers, type WritableArray } from "../../host-array.js";
import { castElements } from "../../integers.js";
import { arrayOf, tensorOf } from "../on-arrays.js";
import { checkOne, checkType, DataDependentError, defineOperator, integersOf, type OperatorCall } from "../operator.js";
import { ignores } from "../scaling.js";
import { failMixed, type TrackCall } from "../tracks.js";

const sizeArray = (shape: readonly number[]): HostArray => ({
  dtype: "i64",
  shape: [],
  data: BigInt64Array.of(BigInt(ops.sizeOf(shape))),
});

/** Number of elements of x, an i64 scalar. */
export const size = defineOperator({
  name: "Size",
  since: 1,
  inputs: [1, 1],
  attributes: {},
  traits: { scaling: ignores },
  track: null,
  infer: ([x]) => [sizeArray(x.shape)],
  run: ([x]) => [tensorOf(sizeArray(x.shape))],
  integers: ([x]) => [sizeArray(x.shape)],
});

/** start, start + delta, … before the limit. */
export const range = defineOperator({
  name: "Range",
  since: 11,
  inputs: [3, 3],
  attributes: {
    // The floating-point type of the sums. Here it is FLOAT.
    stash_type: ignored({ since: 27 }),
  },
  traits: {},
  track: failMixed,
  infer: (inputs, _, call) => {
    const [start] = inputs;
    for (const [i, input] of inputs.entries()) {
      checkType(input, start.dtype, i);
      checkOne(input, i);
    }
    if (start.dtype === "f32")
      throw new DataDependentError("expected integers that depend on shapes and constants only, got floats");
    return [{ dtype: start.dtype, shape: [rangeOf(call).length] }];
  },
  run: ([start, limit, delta]) => [ops.range(start.item(), limit.item(), delta.item())],
  integers: ([{ dtype }], _, call) => {
    const { start, delta, length } = rangeOf(call);
    const data = ops.zeroData(dtype, length);
    const slots = data as WritableArray;
    const convert = isBig(dtype) ? BigInt : Number;
    for (let i = 0; i < length; i++) slots[i] = convert(start + i * delta);
    return [{ dtype, shape: [length], data }];
  },
});

function rangeOf(call: OperatorCall) {
  const [start, limit, delta] = [0, 1, 2].map((i) => integersOf(call, i)![0]!) as [number, number, number];
  return { start, delta, length: ops.rangeLength("Range", start, limit, delta) };
}

/** A matrix of x's shape with 1 on the diagonal `k`, 0 elsewhere. */
export const eyeLike = defineOperator({
  name: "EyeLike",
  since: 9,
  inputs: [1, 1],
  attributes: { dtype: dtype(), k: int({ default: 0 }) },
  traits: {},
  track: null,
  infer: ([x], { dtype = x.dtype }) => {
    if (x.shape.length !== 2) throw new RangeError(`expected a matrix, got [${x.shape.join(", ")}]`);
    return [{ dtype, shape: x.shape }];
  },
  run: ([x], { dtype = x.dtype, k }) => [tensorOf(diagonal(x.shape, dtype, k))],
  integers: ([x], { dtype = x.dtype, k }) => [diagonal(x.shape, dtype, k)],
});

function diagonal(shape: readonly number[], dtype: ops.DType, k: number): HostArray {
  const [rows, columns] = shape as [number, number];
  const data = ops.zeroData(dtype, rows * columns) as HostData;
  const one = castElements({ dtype: "i64", shape: [], data: BigInt64Array.of(1n) }, dtype).data[0]!;
  for (let row = Math.max(0, -k); row < rows && row + k < columns; row++)
    (data as WritableArray)[row * columns + row + k] = one;
  return { dtype, shape, data };
}

/** Place of a OneHot's new axis. */
const hotAxis = (axis: number, rank: number): number => ops.axisOf("axis", axis, rank + 1);

/** Depth of a OneHot, a scalar of any dtype. */
function depthOf(call: OperatorCall): number {
  const depth = call.inputs[1]!;
  const [first] = depth.dtype === "f32" && "values" in depth ? depth.numbers() : integersOf(call, 1)!;
  if (!(Number.isInteger(first) && first! >= 0)) throw new RangeError(`depth: expected 0 or more, got ${first}`);
  return first!;
}

const onlyIndices = (call: TrackCall<{ readonly axis: number }>) => {
  const [position, ...others] = call.positions;
  if (position === undefined || others.some((other) => other !== undefined)) return failMixed();
  const at = hotAxis(call.attributes.axis, call.inputs[0]!.shape.length);
  return { ...position, axis: position.axis + Number(at <= position.axis) };
};

/** The second of two values where the place along a new axis is the index, else the first. */
export const oneHot = defineOperator({
  name: "OneHot",
  since: 9,
  inputs: [3, 3],
  attributes: { axis: int({ default: -1 }) },
  traits: {},
  track: onlyIndices,
  infer: ([indices, , values], { axis }, call) => {
    const { dtype, shape } = values;
    if (shape.join() !== "2") throw new RangeError(`expected values [off, on], got [${shape.join(", ")}]`);
    if (call.inputs[1]!.dtype === "f32")
      throw new DataDependentError("expected a depth that depends on shapes and constants only, got a float");
    const at = hotAxis(axis, indices.shape.length);
    return [{ dtype, shape: [...indices.shape.slice(0, at), depthOf(call), ...indices.shape.slice(at)] }];
  },
  run: ([indices, , values], { axis }, call) => {
    const depth = depthOf(call);
    if (values.dtype === "f32") return [ops.oneHot(indices, values, { depth, axis })];
    return [tensorOf(hotValues(arrayOf(indices), arrayOf(values), depth, axis))];
  },
  integers: ([indices, , values], { axis }, call) => [hotValues(indices, values, depthOf(call), axis)],
});

function hotValues(indices: HostArray, values: HostArray, depth: number, axis: number): HostArray {
  const whole = indices.dtype === "f32" ? Array.from(indices.data as Float32Array, Math.trunc) : toNumbers(indices);
  const { shape, positions } = ops.oneHotPositions("OneHot", whole, indices.shape, depth, axis);
  return { dtype: values.dtype, shape, data: ops.takeValues(values.data as ops.TensorData, positions) };
}

/** x as the dtype of the second input. */
export const castLike = defineOperator({
  name: "CastLike",
  since: 15,
  inputs: [2, 2],
  attributes: {
    // Both concern 8-bit floats, which are not supported.
    saturate: ignored({ since: 19 }),
    round_mode: ignored({ since: 24 }),
  },
  traits: {},
  track: ({ positions: [position] }) => [position],
  infer: ([x, like]) => [{ dtype: like.dtype, shape: x.shape }],
  run: ([x, like]) => [x.dtype === like.dtype ? x : tensorOf(castElements(arrayOf(x), like.dtype))],
  integers: ([x, like]) => [castElements(x, like.dtype)],
});
