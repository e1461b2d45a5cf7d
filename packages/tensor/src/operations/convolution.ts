import { wasm } from "@neft/kernels";
import { defineOp, type Sample } from "../operation.js";
import { shapeText } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { addsFirst, byProduct, keptByProduct, type RectifiedAttributes } from "./rectified.js";
import { type Variation, variationArguments } from "./variation.js";

/** Settings of {@link conv2d}. */
export interface Conv2dAttributes extends RectifiedAttributes {
  /** [vertical, horizontal]; default 1. */
  readonly strides?: readonly [number, number];
  /** [top, left, bottom, right]; default 0. */
  readonly pads?: readonly [number, number, number, number];
  /** [vertical, horizontal]; default 1. */
  readonly dilations?: readonly [number, number];
  /** Default 1. */
  readonly groups?: number;
  /** Variation of the weight; undefined for none. */
  readonly variation?: Variation | undefined;
}

type Inputs = [x: Tensor, w: Tensor, b: Tensor | undefined];

/** [n, c, h, w, oc, kh, kw, strideH, strideW, padT, padL, padB, padR, dilH, dilW, groups] */
function geometry(x: Tensor, w: Tensor, attributes: Conv2dAttributes): Int32Array {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], groups = 1 } = attributes;
  const [n, c, h, width] = x.shape as [number, number, number, number];
  const [oc, , kh, kw] = w.shape as [number, number, number, number];
  return Int32Array.of(n, c, h, width, oc, kh, kw, ...strides, ...pads, ...dilations, groups);
}

function checkGeometry([x, w, b]: Inputs, { strides, pads, dilations, groups = 1 }: Conv2dAttributes): void {
  if (x.shape.length !== 4 || w.shape.length !== 4) {
    throw new RangeError(
      `conv2d: expected x [n, c, h, w] and W [out, c/groups, kh, kw], got ${shapeText(x.shape)} and ${shapeText(w.shape)}`,
    );
  }
  const [outputs, perGroup] = w.shape as [number, number];
  if (!(Number.isInteger(groups) && groups > 0) || x.shape[1] !== perGroup * groups || outputs % groups !== 0) {
    const text = `${groups} groups over ${x.shape[1]} channels and a weight ${shapeText(w.shape)}`;
    throw new RangeError(`conv2d: expected W [out, c/groups, kh, kw] with out a multiple of groups, got ${text}`);
  }
  if (b !== undefined && (b.shape.length !== 1 || b.size !== outputs)) {
    throw new RangeError(`conv2d: expected a bias [${outputs}], got ${shapeText(b.shape)}`);
  }
  for (const [name, values, length, least] of [
    ["strides", strides, 2, 1],
    ["pads", pads, 4, 0],
    ["dilations", dilations, 2, 1],
  ] as const) {
    if (values !== undefined && (values.length !== length || !values.every((v) => Number.isInteger(v) && v >= least))) {
      throw new RangeError(
        `conv2d: ${name}: expected ${length} whole numbers from ${least} on, got ${shapeText(values)}`,
      );
    }
  }
}

const oneDraw: Variation = { sMax: 2, sigmaOuter: 0.1, sigmaMid: 0.1, key: 78n, perSample: false };

function sample(x: number[], w: number[], hasBias: boolean, attributes: Conv2dAttributes): Sample<Conv2dAttributes> {
  return { inputs: [{ shape: x }, { shape: w }, hasBias ? { shape: [w[0]!] } : undefined], attributes };
}

export const conv2dRow = defineOp<Inputs, Conv2dAttributes>({
  name: "conv2d",
  shape: (inputs, attributes) => {
    checkGeometry(inputs, attributes);
    const [x, w] = inputs;
    const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = attributes;
    const out = [0, 1].map((axis) => {
      const room = x.shape[2 + axis]! + pads[axis]! + pads[axis + 2]! - dilations[axis]! * (w.shape[2 + axis]! - 1) - 1;
      return Math.floor(room / strides[axis]!) + 1;
    });
    if (out.some((size) => size < 1)) {
      throw new RangeError(
        `conv2d: expected an input at least as large as its window, got ${shapeText(x.shape)} for ${shapeText(w.shape)}`,
      );
    }
    return [x.shape[0]!, w.shape[0]!, ...out];
  },
  forward: ([x, w, b], attributes, y) => {
    const variation = variationArguments("conv2d", attributes.variation);
    const first = attributes.variation?.firstSample;
    const rectified = attributes.rectified ?? false;
    wasm().convForward(x.ptr, w.ptr, b?.ptr ?? 0, y.ptr, geometry(x, w, attributes), ...variation, rectified, first);
  },
  vjp: [
    (dy, context) => {
      const { inputs, attributes } = context;
      const [x, w] = inputs;
      const dx = empty(x.shape);
      const variation = variationArguments("conv2d", attributes.variation);
      const first = attributes.variation?.firstSample;
      wasm().convBackwardInput(
        byProduct(dy, context).ptr,
        w.ptr,
        dx.ptr,
        geometry(x, w, attributes),
        ...variation,
        first,
      );
      return dx;
    },
    (dy, context) => {
      const { inputs, attributes } = context;
      const [x, w] = inputs;
      const dw = empty(w.shape);
      wasm().convBackwardWeight(x.ptr, byProduct(dy, context).ptr, dw.ptr, geometry(x, w, attributes));
      return dw;
    },
    (dy, context) => {
      const [n, channels, h, w] = dy.shape as [number, number, number, number];
      const db = empty([channels]);
      wasm().channelSum(byProduct(dy, context).ptr, db.ptr, n, channels, h * w);
      return db;
    },
  ],
  addsFirst: addsFirst(({ strides, pads, dilations, groups }) => JSON.stringify([strides, pads, dilations, groups])),
  keeps: keptByProduct,
  samples: [
    sample([2, 3, 5, 7], [4, 3, 3, 3], true, { pads: [1, 1, 1, 1] }),
    sample([1, 2, 6, 5], [3, 2, 1, 1], false, {}),
    sample([2, 4, 7, 5], [6, 2, 3, 2], true, { groups: 2, strides: [2, 1], pads: [0, 1, 2, 0] }),
    sample([1, 3, 7, 9], [3, 1, 3, 3], true, { groups: 3, pads: [1, 1, 1, 1], dilations: [1, 2] }),
    sample([1, 1, 5, 5], [17, 1, 5, 5], true, {}),
    sample([3, 2, 5, 5], [3, 2, 3, 3], true, { pads: [1, 1, 1, 1], variation: oneDraw }),
    sample([3, 2, 5, 5], [3, 2, 3, 3], true, { variation: { ...oneDraw, perSample: true } }),
    sample([2, 4, 5, 5], [4, 1, 3, 3], false, { groups: 4, variation: oneDraw }),
    sample([1, 2, 4, 4], [3, 2, 3, 3], true, { rectified: true, variation: oneDraw }),
  ],
});

/**
 * Convolution of images: x [n, c, h, w], W [out, c/groups, kh, kw], b [out], y [n, out, h′, w′] with
 * h′ = ⌊(h + top + bottom − dilation·(kh − 1) − 1)/stride⌋ + 1. As in all networks, W isn't flipped.
 */
export function conv2d(x: Tensor, w: Tensor, b: Tensor | undefined, attributes: Conv2dAttributes = {}): Tensor {
  return conv2dRow(x, w, b, attributes);
}
