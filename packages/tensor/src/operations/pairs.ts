import type { Operation } from "../operation.js";
import { binaryOp, div, mul, type Pair, slopeOf, sub, unbroadcast } from "./arithmetic.js";
import { round } from "./elementary-functions.js";
import { scale } from "./elementwise.js";

/**
 * y = a^b, with NumPy broadcasting and the special cases of C's pow: 1 for b = 0 or a = 1, NaN for a finite a < 0 unless b is whole.
 * At most 0.501 units of the last place; squares are rounded once.
 *
 * At a = 0 the slope by b is 0 for b ≥ 0. For a < 0 it is NaN.
 */
export const pow: Operation<Pair, undefined> = binaryOp(
  "pow",
  [
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, slopeOf("powBaseSlope", a, b)), a.shape),
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, slopeOf("powExponentSlope", a, b)), b.shape),
  ],
  [0, 1],
  ["positive", "normal"],
);

/** y = max(a, b), with NumPy broadcasting; NaN when either is. The gradient goes to the larger; to a where they are equal. */
export const maximum: Operation<Pair, undefined> = binaryOp(
  "maximum",
  [
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, slopeOf("notBelow", a, b)), a.shape),
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, slopeOf("below", a, b)), b.shape),
  ],
  [0, 1],
  ["separated", "tenths"],
);

/** y = min(a, b), with NumPy broadcasting; NaN when either is. The gradient goes to the smaller; to a where they are equal. */
export const minimum: Operation<Pair, undefined> = binaryOp(
  "minimum",
  [
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, slopeOf("notBelow", b, a)), a.shape),
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, slopeOf("below", b, a)), b.shape),
  ],
  [0, 1],
  ["separated", "tenths"],
);

/** Makes a remainder a − q·b for a whole q. */
function remainderOp(name: "fmod" | "mod"): Operation<Pair, undefined> {
  return binaryOp(
    name,
    [
      (dy, { inputs: [a] }) => unbroadcast(dy, a.shape),
      // dy/db = −q; rounding makes (a − y)/b whole again.
      (dy, { inputs: [a, b], output }) => scale(unbroadcast(mul(dy, round(div(sub(a, output), b))), b.shape), -1),
    ],
    [0, 1, "output"],
    ["separated", "large"],
  );
}

/** The exact remainder of a / b with the sign of a, as C's fmod, with NumPy broadcasting; NaN for b = 0. */
export const fmod: Operation<Pair, undefined> = remainderOp("fmod");
/** The remainder of a / b with the sign of b, as NumPy's mod, with broadcasting; NaN for b = 0. */
export const mod: Operation<Pair, undefined> = remainderOp("mod");

/** y = x for x ≥ 0, slope·x for x < 0, with NumPy broadcasting. The slope at 0 is 1. */
export const prelu: Operation<Pair, undefined> = binaryOp(
  "prelu",
  [
    (dy, { inputs: [x, slope] }) => unbroadcast(mul(dy, slopeOf("preluSlope", x, slope)), x.shape),
    (dy, { inputs: [x, slope] }) => unbroadcast(mul(dy, mul(x, slopeOf("below", x, scale(x, 0)))), slope.shape),
  ],
  [0, 1],
  ["separated", "normal"],
);
