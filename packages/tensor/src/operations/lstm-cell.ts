import { f32, unaryCode, wasm } from "@neft/kernels";
import { type BackwardContext, defineOp } from "../operation.js";
import { shapeText } from "../shape.js";
import { empty, emptyUnowned, type Tensor } from "../tensor.js";

type Inputs = [gates: Tensor, c: Tensor];

/** Gradients by the gates' sums and by c, computed together once per node. */
function gradients(dy: Tensor, { inputs: [, c], saved, once }: BackwardContext<Inputs, undefined>): readonly Tensor[] {
  return once("gradients", () => {
    const [active, squashed] = saved as readonly [Tensor, Tensor];
    const [n, hidden] = c.shape as [number, number];
    const [dgates, dc] = [empty(active.shape), empty(c.shape)];
    const [a, t] = [f32(active.ptr, active.size), f32(squashed.ptr, squashed.size)];
    const [from, before] = [f32(dy.ptr, dy.size), f32(c.ptr, c.size)];
    const [byGates, byCell] = [f32(dgates.ptr, dgates.size), f32(dc.ptr, dc.size)];
    for (let s = 0; s < n; s++) {
      for (let j = 0; j < hidden; j++) {
        const [at, gate] = [s * hidden + j, 4 * s * hidden + j];
        const [i, o] = [a[gate]!, a[gate + hidden]!];
        const [forget, g] = [a[gate + 2 * hidden]!, a[gate + 3 * hidden]!];
        const [dh, dNext] = [from[2 * s * hidden + j]!, from[(2 * s + 1) * hidden + j]!];
        const cell = dNext + dh * o * (1 - t[at]! * t[at]!);
        byGates[gate] = cell * g * i * (1 - i);
        byGates[gate + hidden] = dh * t[at]! * o * (1 - o);
        byGates[gate + 2 * hidden] = cell * before[at]! * forget * (1 - forget);
        byGates[gate + 3 * hidden] = cell * i * (1 - g * g);
        byCell[at] = cell * forget;
      }
    }
    return [dgates, dc];
  });
}

/**
 * One step of an LSTM with its usual activations: from the sums of the gates i, o, f, c, [n, 4·hidden], and the cell state, [n, hidden], to
 * [h′, c′], [n, 2·hidden].
 */
export const lstmCell = defineOp<Inputs>({
  name: "lstmCell",
  shape: ([gates, c]) => {
    const [n, hidden] = c.shape as [number, number];
    if (c.shape.length !== 2 || gates.shape.join() !== [n, 4 * hidden].join()) {
      throw new RangeError(
        `lstmCell: expected gates [n, 4·hidden] and c [n, hidden], got ${shapeText(gates.shape)} and ${shapeText(c.shape)}`,
      );
    }
    return [n, 2 * hidden];
  },
  saved: ([gates, c]) => [gates.shape, c.shape],
  forward: ([gates, c], _, y, saved) => {
    const [n, hidden] = c.shape as [number, number];
    const [active, squashed] = saved.length > 0 ? saved : [emptyUnowned(gates.shape), emptyUnowned(c.shape)];
    const bytes = 4 * hidden;
    for (let s = 0; s < n; s++) {
      const [from, to] = [gates.ptr + 4 * s * bytes, active!.ptr + 4 * s * bytes];
      wasm().unary(unaryCode.sigmoid, from, to, 3 * hidden, 0, 0);
      wasm().unary(unaryCode.tanh, from + 3 * bytes, to + 3 * bytes, hidden, 0, 0);
    }
    const [a, before] = [f32(active!.ptr, active!.size), f32(c.ptr, c.size)];
    const [t, to] = [f32(squashed!.ptr, squashed!.size), f32(y.ptr, y.size)];
    for (let s = 0; s < n; s++) {
      for (let j = 0; j < hidden; j++) {
        const gate = 4 * s * hidden + j;
        const kept = Math.fround(a[gate + 2 * hidden]! * before[s * hidden + j]!);
        to[(2 * s + 1) * hidden + j] = kept + Math.fround(a[gate]! * a[gate + 3 * hidden]!);
      }
      wasm().unary(unaryCode.tanh, y.ptr + (2 * s + 1) * bytes, squashed!.ptr + s * bytes, hidden, 0, 0);
      for (let j = 0; j < hidden; j++) {
        to[2 * s * hidden + j] = a[(4 * s + 1) * hidden + j]! * t[s * hidden + j]!;
      }
    }
    if (saved.length === 0) for (const tensor of [active!, squashed!]) tensor.dispose();
  },
  vjp: [(dy, context) => gradients(dy, context)[0]!, (dy, context) => gradients(dy, context)[1]!],
  keeps: [1],
  examples: [
    { inputs: [{ shape: [2, 12] }, { shape: [2, 3] }], attributes: undefined },
    { inputs: [{ shape: [1, 20] }, { shape: [1, 5] }], attributes: undefined },
  ],
});
