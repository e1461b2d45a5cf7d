import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { KnownValue } from "../../host-array.js";
import { extremeIntegers } from "../../integers-elementwise.js";
import { broadcast } from "../infer.js";
import { defineOperator, float, type Operator } from "../operator.js";
import { elements } from "../scaling.js";
import { elementwise } from "../tracks.js";

const any = Number.POSITIVE_INFINITY;

/** The broadcast shape of all inputs. */
const inferAll = (inputs: readonly KnownValue[]): KnownValue[] =>
  [inputs.reduce((all, one) => broadcast([all, one])[0]!)].map(({ dtype, shape }) => ({ dtype, shape }));

/** Defines an elementwise operator on any number of floats. */
function sumLike(name: string, finish: (sum: Tensor, count: number) => Tensor): Operator {
  return defineOperator({
    name,
    since: 6,
    inputs: [1, any],
    attributes: {},
    traits: { tail: true, scaling: elements },
    track: elementwise,
    infer: (inputs) => inferAll(inputs.map((input, i) => float(input, i))),
    run: (inputs) => [finish(inputs.reduce(ops.add), inputs.length)],
    integers: null,
  });
}

/** Sum of all inputs, with NumPy broadcasting. */
export const sum = sumLike("Sum", (total) => total);
/** Mean of all inputs, with NumPy broadcasting. */
export const mean = sumLike("Mean", (total, count) => (count === 1 ? total : ops.div(total, ops.full([], count))));

/** Defines the largest or smallest of any number of inputs. NaN comes before all others. */
function extreme(name: string, kind: "max" | "min"): Operator {
  return defineOperator({
    name,
    since: 6,
    inputs: [1, any],
    attributes: {},
    traits: { tail: true, scaling: elements },
    track: elementwise,
    infer: inferAll,
    run: (inputs) => [inputs.reduce(kind === "max" ? ops.maximum : ops.minimum)],
    integers: (inputs) => [inputs.reduce((a, b) => extremeIntegers(kind, a, b))],
  });
}

export const max = extreme("Max", "max");
export const min = extreme("Min", "min");
