import { call, type LinearShape, wasm } from "@neft/kernels";
import { defineOp, type Sample, type Term } from "../operation.js";
import { shapeText, sizeOf } from "../shape.js";
import { empty, loose, type Tensor } from "../tensor.js";
import { byProduct, keptByProduct, type RectifiedAttributes, sumOf } from "./rectified.js";
import { type Variation, variationFields } from "./variation.js";

/** Settings of {@link linear}. */
export interface LinearAttributes extends RectifiedAttributes {
  /** How the weight is stored: "oi" [out, in], "io" [in, out]. Default "oi". */
  readonly layout?: "oi" | "io";
  /** Variation of the weight; undefined for none. */
  readonly variation?: Variation | undefined;
}

type Inputs = [x: Tensor, w: Tensor, b: Tensor | undefined];

function shapeOf(x: Tensor, w: Tensor, { layout = "oi" }: LinearAttributes): LinearShape {
  const [first, second] = w.shape as [number, number];
  const inputsFirst = layout === "io";
  const [outputs, inputs] = inputsFirst ? [second, first] : [first, second];
  return { batch: x.shape[0]!, rowsPerSample: sizeOf(x.shape.slice(1, -1)), inputs, outputs, inputsFirst };
}

/** The cheap form of a fresh draw for every sample: one input row a sample, so one normal an output is enough. */
function isCheap({ rowsPerSample }: LinearShape, { variation }: LinearAttributes): boolean {
  return variation?.perSample === true && rowsPerSample === 1;
}

const oneDraw: Variation = { sMax: 2, sigmaOuter: 0.1, sigmaMid: 0.1, key: 77n, perSample: false };
const perSample: Variation = { ...oneDraw, perSample: true };

function sample(
  x: number[],
  w: number[],
  b: number[] | undefined,
  attributes: LinearAttributes,
): Sample<LinearAttributes> {
  return { inputs: [{ shape: x }, { shape: w }, b && { shape: b }], attributes };
}

/** Of weight and bias. */
function gradients(
  terms: readonly Term<Inputs, LinearAttributes>[],
  isNeeded: (input: number) => boolean,
): (Tensor | undefined)[] {
  const { inputs: operands, attributes } = terms[0]!.context;
  const [x, w, b] = operands;
  const { batch, rowsPerSample, inputs, outputs, inputsFirst } = shapeOf(x, w, attributes);
  const rows = batch * rowsPerSample;
  const dy = sumOf(terms.map(({ dy, context }) => byProduct(dy, context)));
  const [dw, db] = [isNeeded(1) ? empty(w.shape) : undefined, isNeeded(2) && b ? empty(b.shape) : undefined];
  if (dw) wasm().linearBackwardWeight(x.ptr, dy.ptr, dw.ptr, rows, inputs, outputs, inputsFirst);
  if (db) wasm().columnSum(dy.ptr, db.ptr, rows, outputs);
  return [dw, db];
}

export const linearRow = defineOp<Inputs, LinearAttributes>({
  name: "linear",
  shape: ([x, w, b], attributes) => {
    if (w.shape.length !== 2) throw new RangeError(`linear: expected a weight of two axes, got ${shapeText(w.shape)}`);
    const { inputs, outputs } = shapeOf(x, w, attributes);
    if (x.shape.length < 2 || x.shape.at(-1) !== inputs) {
      const text = `got ${shapeText(x.shape)} for a weight ${shapeText(w.shape)}`;
      throw new RangeError(`linear: expected an input [samples, .., ${inputs}], ${text}`);
    }
    if (b !== undefined && (b.shape.length !== 1 || b.size !== outputs)) {
      throw new RangeError(`linear: expected a bias [${outputs}], got ${shapeText(b.shape)}`);
    }
    return [...x.shape.slice(0, -1), outputs];
  },
  saved: ([x, w], attributes) => {
    const shape = shapeOf(x, w, attributes);
    return isCheap(shape, attributes) ? [[shape.batch, shape.outputs]] : [];
  },
  forward: ([x, w, b], attributes, y, [ratio]) => {
    const shape = shapeOf(x, w, attributes);
    const variation = variationFields("linear", attributes.variation);
    // The cheap form works in `ratio` even where no backward pass will read it.
    const isScratch = ratio === undefined && isCheap(shape, attributes);
    const scratch = isScratch ? loose([shape.batch, shape.outputs]) : undefined;
    const operands = { x: x.ptr, w: w.ptr, bias: b?.ptr ?? 0, y: y.ptr, ratio: (ratio ?? scratch)?.ptr ?? 0 };
    const rectified = attributes.rectified ?? false;
    wasm().linearForward(call.linearForward({ ...operands, rectified, shape, variation }));
    scratch?.dispose();
  },
  vjp: [
    (dy, context) => {
      const { inputs, attributes, saved } = context;
      const [[x, w], [ratio]] = [inputs, saved];
      const dx = empty(x.shape);
      const kept = ratio === undefined ? { x: 0, ratio: 0 } : { x: x.ptr, ratio: ratio.ptr };
      const operands = { dy: byProduct(dy, context).ptr, w: w.ptr, dx: dx.ptr, ...kept };
      const shape = shapeOf(x, w, attributes);
      const variation = variationFields("linear", attributes.variation);
      wasm().linearBackwardInput(call.linearBackwardInput({ ...operands, shape, variation }));
      return dx;
    },
    (dy, context) => gradients([{ dy, context }], (i) => i === 1)[0]!,
    (dy, context) => gradients([{ dy, context }], (i) => i === 2)[1]!,
  ],
  together: { rules: [1, 2], key: ({ layout }) => layout ?? "oi", gradients },
  keeps: keptByProduct,
  samples: [
    sample([3, 5], [4, 5], [4], {}),
    sample([3, 5], [5, 4], undefined, { layout: "io" }),
    sample([2, 3, 5], [17, 5], [17], { layout: "oi" }),
    sample([5, 17], [3, 17], [3], { variation: oneDraw }),
    sample([2, 3, 5], [5, 4], [4], { layout: "io", variation: oneDraw }),
    sample([3, 5], [4, 5], [4], { variation: perSample }),
    sample([3, 5], [5, 4], [4], { layout: "io", variation: perSample }),
    sample([3, 2, 5], [4, 5], [4], { variation: perSample }),
    sample([3, 5], [4, 5], undefined, { variation: { ...perSample, firstSample: 7 } }),
    sample([0, 5], [4, 5], [4], {}),
    sample([2, 6], [3, 6], [3], { rectified: true, variation: oneDraw }),
  ],
});

/**
 * y = x·(W + ΔW)ᵀ + b. x [samples, .., in], W [out, in] or [in, out], b [out], y [samples, .., out].
 *
 * With a fresh variation for every sample and x [samples, in] the kernels use that y's noise is itself normal: one number
 * an output instead of one a weight. Its gradient by x is the conditional mean given y.
 */
export function linear(x: Tensor, w: Tensor, b: Tensor | undefined, attributes: LinearAttributes = {}): Tensor {
  return linearRow(x, w, b, attributes);
}
