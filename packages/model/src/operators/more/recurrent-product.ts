import type { RecurrentProduct, Tensor, Variation } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { RunCall } from "../operator.js";
import { product } from "../product.js";

/** Inputs of a recurrent node that are weights. */
const inputs = { w: 1, r: 2 } as const;

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
 *
 * @throws {RangeError} for a draw for every sample.
 */
export function recurrentProduct(call: RunCall): RecurrentProduct {
  const drawn = new Map<Tensor, Map<bigint | undefined, Tensor>>();
  const parts = new Map<string, Tensor>();
  const names = new Map<Tensor, number>();
  const whole = (weight: Tensor, variation: Variation | undefined): Tensor => {
    if (variation === undefined) return weight;
    if (variation.perSample)
      throw new RangeError("expected one draw for all samples where a recurrent node reads a weight, got perSample");
    const known = drawn.get(weight) ?? new Map<bigint | undefined, Tensor>();
    const varied = known.get(variation.key) ?? ops.varied(weight, { variation });
    drawn.set(weight, known.set(variation.key, varied));
    return varied;
  };
  const cut = (weight: Tensor, variation: Variation | undefined, ...at: [number, number, number]): Tensor => {
    const from = whole(weight, variation);
    if (!names.has(from)) names.set(from, names.size);
    const key = [names.get(from), ...at].join();
    const part = parts.get(key) ?? rowsOf(from, ...at);
    parts.set(key, part);
    return part;
  };
  return (x, weight, direction, first, last) =>
    product({ ...call, inputs: dataAt(call, x) }, { weight: inputs[weight], data: 0 }, (w, variation) =>
      ops.linear(x, cut(w, variation, direction, first, last), undefined, { layout: "oi" }),
    );
}

/** The node's inputs with the data of one product as the first. */
const dataAt = ({ inputs: all }: RunCall, x: Tensor): (Tensor | undefined)[] => [x, ...all.slice(1)];
