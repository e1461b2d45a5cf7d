import type { Tensor } from "../tensor.js";
import { add, mul } from "./arithmetic.js";
import { neg, shift } from "./elementwise.js";
import { reshape } from "./layout.js";
import { lstmCell } from "./lstm-cell.js";
import {
  checkShapeOf,
  type RecurrentAttributes,
  type RecurrentDefinition,
  type RecurrentOutputs,
  type RecurrentWeights,
  runRecurrent,
} from "./recurrent.js";
import { sliceAxis, split } from "./split.js";

/**
 * Recurrent network: h′ = f(x·Wᵀ + h·Rᵀ + biases).
 *
 * @param x  [steps, n, in]; with layout 1 [n, steps, in].
 * @throws {RangeError} when shapes or attributes don't match.
 */
export function rnn(x: Tensor, weights: RecurrentWeights, attributes: RecurrentAttributes = {}): RecurrentOutputs {
  const definition: RecurrentDefinition = {
    who: "rnn",
    gates: 1,
    activations: ["tanh"],
    ownBias: 1,
    cell: ({ activations: [f], recur }) => ({ step: (inputs, [h]) => [f!(add(inputs, recur(h!, 0, 1)))] }),
  };
  const { y, last } = runRecurrent(definition, x, weights, attributes, [attributes.initialH]);
  return { y, lastH: last[0]! };
}

/** Attributes of {@link gru}. */
export interface GruAttributes extends RecurrentAttributes {
  /** Apply the reset gate after the product with R instead of before it. Default: false. */
  readonly linearBeforeReset?: boolean;
}

/**
 * Gated recurrent unit with gates z, r, h: h′ = (1 − z)·g(..) + z·h.
 *
 * @param x  [steps, n, in]; with layout 1 [n, steps, in].
 * @throws {RangeError} when shapes or attributes don't match.
 */
export function gru(x: Tensor, weights: RecurrentWeights, attributes: GruAttributes = {}): RecurrentOutputs {
  const { linearBeforeReset = false } = attributes;
  const definition: RecurrentDefinition = {
    who: "gru",
    gates: 3,
    activations: ["sigmoid", "tanh"],
    ownBias: linearBeforeReset ? 2 : 3,
    cell: ({ hidden, activations: [f, g], recur, biases }) => ({
      step: (inputs, [h]) => {
        const [inputZ, inputR, inputH] = split(inputs, [hidden, hidden, hidden], { axis: 1 }) as [
          Tensor,
          Tensor,
          Tensor,
        ];
        const recurrent = linearBeforeReset ? recur(h!, 0, 3) : recur(h!, 0, 2);
        const z = f!(add(inputZ, sliceAxis(recurrent, 1, 0, hidden)));
        const r = f!(add(inputR, sliceAxis(recurrent, 1, hidden, 2 * hidden)));
        let inner: Tensor;
        if (linearBeforeReset) {
          const own = sliceAxis(recurrent, 1, 2 * hidden, 3 * hidden);
          inner = mul(r, biases ? add(own, biases[2]!) : own);
        } else inner = recur(mul(r, h!), 2, 3);
        return [add(mul(shift(neg(z), 1), g!(add(inputH, inner))), mul(z, h!))];
      },
    }),
  };
  const { y, last } = runRecurrent(definition, x, weights, attributes, [attributes.initialH]);
  return { y, lastH: last[0]! };
}

/** Attributes of {@link lstm}. */
export interface LstmAttributes extends RecurrentAttributes {
  /** Cell states before the first step, shaped as `initialH`. Default: zeros. */
  readonly initialC?: Tensor | undefined;
  /** Weights of the cell state in the gates i, o, f: [directions, 3·hidden]. Default: zeros. */
  readonly peepholes?: Tensor | undefined;
  /** Use 1 − i as the forget gate. Default: false. */
  readonly inputForget?: boolean;
}

/**
 * Long short-term memory with gates i, o, f, c: c′ = f·c + i·g(..), h′ = o·h(c′).
 *
 * @param x  [steps, n, in]; with layout 1 [n, steps, in].
 * @throws {RangeError} when shapes or attributes don't match.
 */
export function lstm(
  x: Tensor,
  weights: RecurrentWeights,
  attributes: LstmAttributes = {},
): RecurrentOutputs & { readonly lastC: Tensor } {
  const { peepholes, inputForget = false, activations, clip } = attributes;
  const usual = ["sigmoid", "tanh", "tanh"];
  const isUsual =
    !peepholes &&
    !inputForget &&
    !clip &&
    (activations?.every((name, i) => name.toLowerCase() === usual[i % usual.length]) ?? true);
  const definition: RecurrentDefinition = {
    who: "lstm",
    gates: 4,
    activations: usual,
    ownBias: 4,
    cell: ({ index, hidden, activations: [f, g, h], recur }) => {
      const [peepI, peepO, peepF] = peepholes
        ? split(reshape(sliceAxis(peepholes, 0, index, index + 1), [3 * hidden]), [hidden, hidden, hidden])
        : [];
      const peep = (gate: Tensor, weight: Tensor | undefined, cell: Tensor): Tensor =>
        weight ? add(gate, mul(weight, cell)) : gate;
      return {
        step: (inputs, [hBefore, cBefore]) => {
          const sums = add(inputs, recur(hBefore!, 0, 4));
          if (isUsual) {
            const both = lstmCell(sums, cBefore!);
            return [sliceAxis(both, 1, 0, hidden), sliceAxis(both, 1, hidden, 2 * hidden)];
          }
          const [sumI, sumO, sumF, sumC] = split(sums, [hidden, hidden, hidden, hidden], { axis: 1 }) as [
            Tensor,
            Tensor,
            Tensor,
            Tensor,
          ];
          const i = f!(peep(sumI, peepI, cBefore!));
          const forget = inputForget ? shift(neg(i), 1) : f!(peep(sumF, peepF, cBefore!));
          const c = add(mul(forget, cBefore!), mul(i, g!(sumC)));
          const o = f!(peep(sumO, peepO, c));
          return [mul(o, h!(c)), c];
        },
      };
    },
  };
  const directions = attributes.direction === "bidirectional" ? 2 : 1;
  checkShapeOf("lstm", "peepholes", peepholes, [directions, 3 * (weights.r.shape[2] ?? 0)]);
  const { y, last } = runRecurrent(definition, x, weights, attributes, [attributes.initialH, attributes.initialC]);
  return { y, lastH: last[0]!, lastC: last[1]! };
}
