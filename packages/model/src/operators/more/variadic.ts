import * as ops from "@neft/tensor";
import { extremeIntegers } from "../../integers-elementwise.js";
import { broadcastAll } from "../infer.js";
import { defineOperator, type Operator } from "../operator.js";
import { elements } from "../scaling.js";
import { elementwise } from "../tracks.js";

const any = Number.POSITIVE_INFINITY;

/** Defines the largest or smallest of any number of inputs. NaN comes before all others. */
function extreme(name: string, kind: "max" | "min"): Operator {
  return defineOperator({
    name,
    since: 6,
    inputs: [1, any],
    attributes: {},
    traits: { tail: true, scaling: elements },
    track: elementwise,
    infer: broadcastAll,
    run: (inputs) => [inputs.reduce(kind === "max" ? ops.maximum : ops.minimum)],
    integers: (inputs) => [inputs.reduce((a, b) => extremeIntegers(kind, a, b))],
  });
}

export const max = extreme("Max", "max");
export const min = extreme("Min", "min");
