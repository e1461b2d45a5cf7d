import * as ops from "@neft/tensor";
import { flag } from "../../attribute-kinds.js";
import { isHostArray, toNumbers } from "../../host-array.js";
import { defineSelection } from "../on-arrays.js";
import { integersOf } from "../operator.js";
import { movesAxes } from "../scaling.js";
import { failMixed, firstInputPosition, type TrackCall } from "../tracks.js";

/** Repeats x to its common shape with the one given as input. */
export const expand = defineSelection({
  name: "Expand",
  since: 8,
  inputs: [2, 2],
  attributes: {},
  traits: { scaling: movesAxes },
  track: (call) => {
    const { axis, ...position } = firstInputPosition(call);
    const moved = axis + call.output.shape.length - call.inputs[0]!.shape.length;
    return call.output.shape[moved] === call.inputs[0]!.shape[axis] ? { ...position, axis: moved } : failMixed();
  },
  shape: (shape, _, call) => ops.broadcastShapes(shape, integersOf(call, 1)!),
  positions: (shape, _, call) => {
    const target = ops.broadcastShapes(shape, integersOf(call, 1)!);
    return ops.stridedPositions("Expand", target, ops.broadcastStrides(shape, target));
  },
  float: (x, _, call) => ops.expand(x, integersOf(call, 1)!),
});

/** Repeated items form more outer blocks. */
const tiled = (call: TrackCall) => {
  const position = firstInputPosition(call);
  const repeats = call.inputs[1]!;
  if (!isHostArray(repeats)) return failMixed();
  return { ...position, outer: position.outer * toNumbers(repeats)[position.axis]! };
};

/** Repeats x along each axis as many times as the second input says. */
export const tile = defineSelection({
  name: "Tile",
  since: 6,
  inputs: [2, 2],
  attributes: {},
  traits: { scaling: movesAxes },
  track: tiled,
  shape: (shape, _, call) => {
    const repeats = integersOf(call, 1)!;
    if (repeats.length !== shape.length || repeats.some((n) => n < 0))
      throw new RangeError(`repeats: expected ${shape.length} numbers of 0 or more, got [${repeats.join(", ")}]`);
    return shape.map((n, axis) => n * repeats[axis]!);
  },
  positions: (shape, _, call) => ops.tilePositions("Tile", shape, integersOf(call, 1)!).positions,
  float: (x, _, call) => ops.tile(x, integersOf(call, 1)!),
});

/** The upper or lower triangle of the last two axes; 0 elsewhere. The second input moves the diagonal up. */
export const trilu = defineSelection({
  name: "Trilu",
  since: 14,
  inputs: [1, 2],
  attributes: { upper: flag(true) },
  traits: {},
  track: (call) => {
    const position = firstInputPosition(call);
    return position.axis < call.output.shape.length - 2 ? position : failMixed();
  },
  shape: (shape) => {
    if (shape.length < 2) throw new RangeError(`expected an input of rank 2 or more, got [${shape.join(", ")}]`);
    return shape;
  },
  positions: (shape, { upper }, call) =>
    ops.triluPositions("Trilu", shape, { upper, k: integersOf(call, 1)?.[0] ?? 0 }),
});
