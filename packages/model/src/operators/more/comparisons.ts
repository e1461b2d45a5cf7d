import type { HostArray, KnownValue } from "../../host-array.js";
import { combineElements, type Element, mapElements } from "../../integers-elementwise.js";
import { align, aligned, alignment } from "../alignment.js";
import { broadcast } from "../infer.js";
import { defineOnArrays } from "../on-arrays.js";
import type { Operator } from "../operator.js";
import { elementwise, firstInputPosition } from "../tracks.js";

/** Infers a bool for each pair of elements. @param only  Dtype of the operands. Default: any. */
const pairs =
  (only?: "bool") =>
  ([a, b]: readonly [KnownValue, KnownValue], { axis }: { readonly axis: number | undefined }): KnownValue[] => {
    if (only !== undefined && a.dtype !== only) throw new TypeError(`expected operands of ${only}, got ${a.dtype}`);
    return [{ dtype: "bool", shape: broadcast([a, align(a, b, axis)])[0]!.shape }];
  };

/** Defines an operator that says what holds for each pair of elements, with NumPy broadcasting. */
function relation(name: string, since: number, holds: (a: Element, b: Element) => unknown, only?: "bool"): Operator {
  const compare = (a: HostArray, b: HostArray) => combineElements("bool", a, b, (m, n) => (holds(m, n) ? 1 : 0));
  const common = { name, inputs: [2, 2], traits: {}, limits: "numbers and BOOL, no strings" } as const;
  // Those that came after opset 6 broadcast in one way.
  return since > 7
    ? defineOnArrays({
        ...common,
        since,
        attributes: {},
        track: elementwise,
        infer: (operands) => pairs(only)(operands, { axis: undefined }),
        compute: ([a, b]) => [compare(a, b)],
      })
    : defineOnArrays({
        ...common,
        ...aligned,
        since,
        attributes: alignment,
        infer: pairs(only),
        compute: ([a, b], { axis }) => [compare(a, align(a, b, axis))],
      });
}

export const equal = relation("Equal", 7, (a, b) => a === b);
export const greater = relation("Greater", 7, (a, b) => a > b);
export const less = relation("Less", 7, (a, b) => a < b);
export const greaterOrEqual = relation("GreaterOrEqual", 12, (a, b) => a >= b);
export const lessOrEqual = relation("LessOrEqual", 12, (a, b) => a <= b);
export const and = relation("And", 7, (a, b) => a && b, "bool");
export const or = relation("Or", 7, (a, b) => a || b, "bool");
export const xor = relation("Xor", 7, (a, b) => a !== b, "bool");

/** Whether each bool is false. */
export const not = defineOnArrays({
  name: "Not",
  since: 1,
  inputs: [1, 1],
  attributes: {},
  traits: {},
  track: firstInputPosition,
  infer: ([x]) => {
    if (x.dtype !== "bool") throw new TypeError(`expected bool, got ${x.dtype}`);
    return [{ dtype: "bool", shape: x.shape }];
  },
  compute: ([x]) => [mapElements("bool", x, (value) => (value ? 0 : 1))],
});
