import * as ops from "@neft/tensor";
import { flag } from "../../attribute-kinds.js";
import { remainderIntegers } from "../../integers-elementwise.js";
import { broadcast } from "../infer.js";
import { defineOperator } from "../operator.js";
import { elementwise } from "../tracks.js";

/** Remainder of a / b: with the sign of b, or with `fmod` that of a. Floats need `fmod`. */
export const mod = defineOperator({
  name: "Mod",
  since: 10,
  inputs: [2, 2],
  attributes: { fmod: flag(false) },
  traits: {},
  track: elementwise,
  infer: (inputs, { fmod }) => {
    if (inputs[0].dtype === "f32" && !fmod) throw new TypeError("fmod: expected 1 for floats, got 0");
    return broadcast(inputs);
  },
  run: ([a, b]) => [ops.fmod(a, b)],
  integers: ([a, b], { fmod }) => [remainderIntegers(fmod ? "fmod" : "mod", a, b)],
});
