import * as ops from "@neft/tensor";
import { int, ints, text } from "../../attribute-kinds.js";
import { axesOf } from "../../dimensions.js";
import { croppedPositions } from "../../searches.js";
import { defineSelection } from "../on-arrays.js";
import { hostInput, integersOf, type OperatorCall } from "../operator.js";
import { moves } from "../scaling.js";
import { commonPosition, convolved, failMixed, firstInputPosition } from "../tracks.js";

/** Reverses the first steps of each sequence, as many as the second input says. */
export const reverseSequence = defineSelection({
  name: "ReverseSequence",
  since: 10,
  inputs: [2, 2],
  attributes: { batch_axis: int({ default: 1, min: 0, max: 1 }), time_axis: int({ default: 0, min: 0, max: 1 }) },
  traits: {},
  track: ({ attributes: { batch_axis, time_axis }, positions: [x, lengths] }) => {
    const position = commonPosition([x, lengths && { ...lengths, axis: batch_axis }]);
    return position.axis === time_axis ? failMixed() : position;
  },
  shape: (shape) => shape,
  positions: (shape, { batch_axis: batchAxis, time_axis: timeAxis }, call) => {
    const lengths = hostInput(call, 1)!.data as ops.Elements;
    return ops.reverseSequencePositions("ReverseSequence", shape, lengths, { batchAxis, timeAxis });
  },
});

/** Position of each element before its axes were permuted. */
const permuted = (shape: readonly number[], perm: readonly number[]): Int32Array =>
  ops.stridedPositions(
    "permuted",
    perm.map((axis) => shape[axis]!),
    perm.map((axis) => ops.stridesOf(shape)[axis]!),
  );

const blocksize = int({ required: true, min: 1 });

/** Moves blocks of channels to rows and columns: [N, C·b², H, W] → [N, C, H·b, W·b]. */
export const depthToSpace = defineSelection({
  name: "DepthToSpace",
  since: 1,
  inputs: [1, 1],
  attributes: { blocksize, mode: text(["DCR", "CRD"], { default: "DCR", since: 11 }) },
  traits: { rearranges: "moved", scaling: moves },
  track: convolved,
  shape: (shape, { blocksize: block, mode }) => ops.depthToSpacePlan(shape, block, mode).shape,
  positions: (shape, { blocksize: block, mode }) => {
    const { split, perm } = ops.depthToSpacePlan(shape, block, mode);
    return permuted(split, perm);
  },
  float: (x, { blocksize: block, mode: order }) => ops.depthToSpace(x, { block, order }),
});

/** Moves blocks of rows and columns to channels: [N, C, H·b, W·b] → [N, C·b², H, W]. */
export const spaceToDepth = defineSelection({
  name: "SpaceToDepth",
  since: 1,
  inputs: [1, 1],
  attributes: { blocksize },
  traits: { rearranges: "moved", scaling: moves },
  track: convolved,
  shape: (shape, { blocksize: block }) => ops.spaceToDepthPlan(shape, block).shape,
  positions: (shape, { blocksize: block }) => {
    const { split, perm } = ops.spaceToDepthPlan(shape, block);
    return permuted(split, perm);
  },
  float: (x, { blocksize: block }) => ops.spaceToDepth(x, { block }),
});

interface CropAttributes {
  readonly axes: readonly number[] | undefined;
}

/** Axes of a crop, and their sizes after it. */
function cropOf(shape: readonly number[], { axes: given }: CropAttributes, call: OperatorCall) {
  const axes = axesOf(given ?? shape.map((_, axis) => axis), shape.length);
  const sizes = integersOf(call, 1)!;
  if (sizes.length !== axes.length || sizes.some((n) => n < 0))
    throw new RangeError(`shape: expected ${axes.length} sizes of 0 or more, got [${sizes.join(", ")}]`);
  return { axes, sizes };
}

/** Crops axes, or pads them with 0, to sizes around their centres. */
export const centerCropPad = defineSelection({
  name: "CenterCropPad",
  since: 18,
  inputs: [2, 2],
  attributes: { axes: ints() },
  traits: {},
  track: (call) => {
    const position = firstInputPosition(call);
    return call.output.shape[position.axis] === call.inputs[0]!.shape[position.axis] ? position : failMixed();
  },
  shape: (shape, attributes, call) => {
    const { axes, sizes } = cropOf(shape, attributes, call);
    return shape.map((n, axis) => (axes.includes(axis) ? sizes[axes.indexOf(axis)]! : n));
  },
  positions: (shape, attributes, call) => {
    const { axes, sizes } = cropOf(shape, attributes, call);
    return croppedPositions(shape, ops.centerPads(shape, axes, sizes));
  },
});
