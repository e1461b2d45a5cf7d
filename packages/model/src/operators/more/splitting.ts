import * as ops from "@neft/tensor";
import { int, ints } from "../../attribute-kinds.js";
import { int64Array } from "../../host-array.js";
import { sliceElements } from "../../integers.js";
import { arrayOf, tensorOf } from "../on-arrays.js";
import { type AdaptorCall, defineAdaptor, defineOperator, integersOf, type OperatorCall } from "../operator.js";
import { alongAxis } from "../scaling.js";
import { failMixed, firstInputPosition } from "../tracks.js";

interface SplitAttributes {
  readonly axis: number;
  readonly num_outputs: number | undefined;
}

/** Axis of a split, and the sizes of its parts. */
function partsOf(shape: readonly number[], { axis: given, num_outputs }: SplitAttributes, call: OperatorCall) {
  const axis = ops.axisOf("axis", given, shape.length);
  const length = shape[axis]!;
  const listed = integersOf(call, 1);
  if ((listed === undefined) === (num_outputs === undefined))
    throw new Error("expected either sizes as input 1 or num_outputs, got both or neither");
  const count = num_outputs ?? 0;
  const part = Math.ceil(length / count);
  const sizes = listed ?? Array.from({ length: count }, (_, i) => (i < count - 1 ? part : length - part * (count - 1)));
  if (sizes.some((n) => n < 0) || sizes.reduce((sum, n) => sum + n, 0) !== length)
    throw new RangeError(`expected sizes of 0 or more that add up to ${length}, got [${sizes.join(", ")}]`);
  return { axis, sizes };
}

/** Before opset 18, a split without sizes has as many parts as the node has outputs. */
const partsByOutputs = ({ inputs, outputs }: AdaptorCall<unknown>, axis: number) => ({
  inputs,
  attributes: { axis, ...((inputs[1] ?? "") === "" && { num_outputs: outputs.length }) },
});

/** Limit on the parts, which a file names one by one. */
const maxParts = 2 ** 16;

const any = Number.POSITIVE_INFINITY;

/** Splits x along an axis into parts of given sizes, or into `num_outputs` of one size, of which the last may be smaller. */
export const split = defineOperator({
  name: "Split",
  since: 18,
  inputs: [1, 2],
  outputs: any,
  attributes: { axis: int({ default: 0 }), num_outputs: int({ min: 1, max: maxParts }) },
  traits: { scaling: alongAxis },
  older: {
    2: defineAdaptor({
      inputs: [1, 1],
      outputs: any,
      attributes: { axis: int({ default: 0 }), split: ints({ min: 0 }) },
      adapt: (call) => {
        const { axis, split: sizes } = call.attributes;
        const inputs = sizes ? [...call.inputs, call.constant("split", int64Array(sizes))] : call.inputs;
        return partsByOutputs({ ...call, inputs }, axis);
      },
    }),
    13: defineAdaptor({
      inputs: [1, 2],
      outputs: any,
      attributes: { axis: int({ default: 0 }) },
      adapt: (call) => partsByOutputs(call, call.attributes.axis),
    }),
  },
  track: (call) => {
    const position = firstInputPosition(call);
    const axis = ops.axisOf("axis", call.attributes.axis, call.inputs[0]!.shape.length);
    return axis === position.axis ? failMixed() : position;
  },
  infer: ([x], attributes, call) => {
    const { axis, sizes } = partsOf(x.shape, attributes, call);
    return sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.map((n, at) => (at === axis ? size : n)) }));
  },
  run: ([x], attributes, call) => {
    const { axis, sizes } = partsOf(x.shape, attributes, call);
    return x.dtype === "f32" ? ops.split(x, sizes, { axis }) : slices(arrayOf(x), sizes, axis).map(tensorOf);
  },
  integers: ([x], attributes, call) => {
    const { axis, sizes } = partsOf(x.shape, attributes, call);
    return slices(x, sizes, axis);
  },
});

function slices(x: ReturnType<typeof arrayOf>, sizes: readonly number[], axis: number) {
  let start = 0;
  return sizes.map((size) => {
    const range = ops.sliceRange(x.shape, { starts: [start], ends: [start + size], axes: [axis] });
    start += size;
    return sliceElements(x, range);
  });
}
