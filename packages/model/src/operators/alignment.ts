import * as ops from "@neft/tensor";
import { flag, int } from "../attribute-kinds.js";
import type { GraphNode } from "../graph.js";
import { type Adaptor, defineAdaptor } from "./operator.js";
import { elementwise, failMixed, type Track } from "./tracks.js";

// Operators with two operands, of which the second broadcasts as opset 6 or as later opsets say.

interface Aligned {
  readonly axis: number | undefined;
}

interface Shaped {
  readonly shape: readonly number[];
}

/** `axis`: axis of the first operand that the first one of the second meets. Default: the last axes meet. */
export const alignment = { axis: int({ internal: true }) } as const;

/** Until opset 6, a second operand broadcasts only if told to: along the last axes, or along those from `axis` on. */
const opset6: Adaptor = defineAdaptor({
  inputs: [2, 2],
  attributes: { axis: int(), broadcast: flag(false) },
  adapt: ({ attributes: { axis, broadcast } }) => ({ attributes: broadcast ? { axis } : {} }),
});

/** Parts of a row that follow from `alignment`. */
export const aligned = {
  older: { 6: opset6 },
  expand: (node: GraphNode, { axis }: Aligned): undefined => {
    if (axis !== undefined) throw new Error(`${node.name}: expected no axis to write in a new file, got ${axis}`);
  },
  track: ((call) =>
    call.attributes.axis !== undefined && call.positions[1] ? failMixed() : elementwise(call)) as Track<Aligned>,
};

/** The second operand with a shape whose last axes meet those of the first. */
export function align<T extends Shaped>({ shape: a }: Shaped, b: T, axis: number | undefined): T {
  if (axis === undefined) return b;
  const after = a.length - ops.axisOf("axis", axis, a.length) - b.shape.length;
  if (after < 0) throw new RangeError(`axis: expected ${b.shape.length} axes from ${axis} on, got [${a.join(", ")}]`);
  return { ...b, shape: [...b.shape, ...new Array<number>(after).fill(1)] };
}
