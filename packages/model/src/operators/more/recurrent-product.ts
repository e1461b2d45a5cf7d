import type { RecurrentProduct, Tensor, Variation } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { matrixMap } from "../../maps/matrix.js";
import type { RunCall } from "../operator.js";
import { product } from "../product.js";

/** Inputs of a recurrent node that are weights. */
const inputs = { w: 1, r: 2 } as const;

const map = matrixMap("oi");

/** Rows of one direction of a weight [directions, gates·hidden, size]. */
function rowsOf(weight: Tensor, direction: number, first: number, last: number): Tensor {
  const part = ops.slice(weight, { starts: [direction, first], ends: [direction + 1, last], axes: [0, 1] });
  return ops.reshape(part, part.shape.slice(1));
}

/**
 * Products of a recurrent node with parts of its weights.
 *
 * ΔW is drawn once for the whole weight, whatever parts the products read, and a part is cut out once: all steps of a
 * run see one chip.
 */
export function recurrentProduct(call: RunCall): RecurrentProduct {
  const drawn = new Map<Tensor, Map<bigint, Tensor>>();
  const parts = new Map<Tensor, Map<string, Tensor>>();
  const vary = (whole: Tensor, variation: Variation): Tensor => {
    const known = drawn.get(whole) ?? new Map<bigint, Tensor>();
    const varied = known.get(variation.key) ?? ops.varied(whole, { variation });
    drawn.set(whole, known.set(variation.key, varied));
    return varied;
  };
  const cut = (whole: Tensor, ...at: [number, number, number]): Tensor => {
    const known = parts.get(whole) ?? new Map<string, Tensor>();
    const part = known.get(at.join()) ?? rowsOf(whole, ...at);
    parts.set(whole, known.set(at.join(), part));
    return part;
  };
  return (input, weight, ...at) =>
    product(call, {
      weight: inputs[weight],
      input,
      map,
      view: { apply: (whole) => cut(whole, ...at), vary },
      sharedDraw: "a recurrent node reads it",
    });
}
