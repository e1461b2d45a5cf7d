import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { flag } from "../../attribute-kinds.js";
import { isHostArray, toNumbers } from "../../host-array.js";
import { cumulateIntegers } from "../../integers-elementwise.js";
import { defineOperator, integersOf, type Operator, type OperatorCall } from "../operator.js";
import { failMixed, firstInputPosition } from "../tracks.js";

/** The axis, a scalar input. */
function axisOf(call: OperatorCall, rank: number): number {
  const [axis, ...others] = integersOf(call, 1)!;
  if (axis === undefined || others.length > 0)
    throw new RangeError("axis: expected one integer, got another number of them");
  return ops.axisOf("axis", axis, rank);
}

/** Defines an operator that combines each element with all before it along an axis. */
function cumulative(
  name: string,
  since: number,
  kind: "add" | "mul",
  float: (x: Tensor, attributes: ops.CumulativeAttributes) => Tensor,
): Operator {
  return defineOperator({
    name,
    since,
    inputs: [2, 2],
    attributes: { exclusive: flag(false), reverse: flag(false) },
    traits: {},
    track: (call) => {
      const position = firstInputPosition(call);
      const [, axis] = call.inputs;
      const rank = call.output.shape.length;
      if (axis === undefined || !isHostArray(axis)) return failMixed();
      return ops.axisOf("axis", toNumbers(axis)[0]!, rank) === position.axis ? failMixed() : position;
    },
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    run: ([x], attributes, call) => [float(x, { ...attributes, axis: axisOf(call, x.shape.length) })],
    integers: ([x], attributes, call) => [
      cumulateIntegers(kind, x, { ...attributes, axis: axisOf(call, x.shape.length) }),
    ],
  });
}

/** Sums of the elements up to each one along an axis. */
export const cumSum = cumulative("CumSum", 11, "add", ops.cumSum);
/** Products of the elements up to each one along an axis. */
export const cumProd = cumulative("CumProd", 26, "mul", ops.cumProd);
