import { type ConvShape, call, wasm } from "@neft/kernels";
import { isRecording } from "../graph.js";
import { type Context, defineOp, type Sample, type SampleInput, type Term } from "../operation.js";
import { shapeText } from "../shape.js";
import { empty, loose, type Tensor } from "../tensor.js";
import { bounded, outputOf, type WindowAxis, windowAxes } from "../window.js";
import { poolGeometry } from "./pooling.js";
import { byProduct, keptByProduct, type RectifiedAttributes, sumOf } from "./rectified.js";
import { type Variation, variationFields } from "./variation.js";

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
  /** y is the largest of each 2×2 outputs, as `maxPool2d` with windows and strides of 2 gives it. Default false. */
  readonly pooled?: boolean;
}

type Inputs = [x: Tensor, w: Tensor, b: Tensor | undefined];

/** The two axes of the window, checked. */
function axesOf(x: Pick<Tensor, "shape">, w: Pick<Tensor, "shape">, attributes: Conv2dAttributes): WindowAxis[] {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = attributes;
  return windowAxes("conv2d: ", x.shape.slice(1), { kernel: w.shape.slice(2), strides, pads, dilations });
}

/** Geometry as the kernels take it. */
function geometry(x: Tensor, w: Tensor, attributes: Conv2dAttributes): ConvShape {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [down, across] = axesOf(x, w, attributes).map(bounded) as [WindowAxis, WindowAxis];
  return {
    batch,
    channels,
    height,
    width,
    outputs: w.shape[0]!,
    kernelHeight: down.kernel,
    kernelWidth: across.kernel,
    strides: [down.stride, across.stride],
    pads: [down.before, across.before, down.after, across.after],
    dilations: [down.dilation, across.dilation],
    groups: attributes.groups ?? 1,
  };
}

function checkGeometry([x, w, b]: Inputs, { groups = 1 }: Conv2dAttributes): void {
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
  if (w.shape.includes(0)) {
    throw new RangeError(`conv2d: expected a weight with at least one value, got ${shapeText(w.shape)}`);
  }
  if (b !== undefined && (b.shape.length !== 1 || b.size !== outputs)) {
    throw new RangeError(`conv2d: expected a bias [${outputs}], got ${shapeText(b.shape)}`);
  }
}

/** Sizes of what is convolved, before any pool. */
function outputShape([x, w]: Inputs, attributes: Conv2dAttributes): number[] {
  return [x.shape[0]!, w.shape[0]!, ...axesOf(x, w, attributes).map((axis) => outputOf(axis))];
}

function pooledShape(inputs: Inputs, attributes: Conv2dAttributes): number[] {
  return outputShape(inputs, attributes).map((size, axis) => (axis < 2 ? size : size >> 1));
}

/** The pool's windows for the kernels. */
const halving = (outputs: Pick<Tensor, "shape">, y: Pick<Tensor, "shape">) =>
  poolGeometry(outputs, y, { kernel: [2, 2], strides: [2, 2] });

/** Whether there is a pool, and a kernel that takes it with the convolution. */
const fusesPool = (shape: ConvShape, { pooled, variation }: Conv2dAttributes): boolean =>
  pooled === true && wasm().convPools(call.convShape(shape), variationFields("conv2d", variation).kind);

/** The gradient by the convolution's outputs, given that by y: computed once for all rules of a step. */
function byOutputs(dy: Tensor, context: Context<Inputs, Conv2dAttributes>): Tensor {
  const { inputs, attributes, output, saved, once } = context;
  if (!attributes.pooled) return byProduct(dy, context);
  const [gradient] = once("outputs", () => {
    const dz = empty(outputShape(inputs, attributes));
    wasm().maxPoolGradient(byProduct(dy, context).ptr, saved[0]!.ptr, dz.ptr, halving(dz, output));
    return [dz];
  });
  return gradient!;
}

/**
 * Of weight and bias. Where a kernel without variation pools on its way, one also takes the gradients by the pool, with the places of the maxima: those by
 * the outputs would be four times as much memory, most of it zeros.
 */
function gradients(
  terms: readonly Term<Inputs, Conv2dAttributes>[],
  isNeeded: (input: number) => boolean,
): (Tensor | undefined)[] {
  const { inputs, attributes } = terms[0]!.context;
  const [x, w, b] = inputs;
  const shape = geometry(x, w, attributes);
  const isByPool = fusesPool(shape, { ...attributes, variation: undefined });
  const given = terms.map(({ dy, context }) => (isByPool ? byProduct : byOutputs)(dy, context));
  const by = isByPool ? given : [sumOf(given)];
  const positions = Uint32Array.from(isByPool ? terms : [], ({ context }) => context.saved[0]!.ptr);
  const addresses = Uint32Array.from(by, ({ ptr }) => ptr);
  const [dw, db] = [isNeeded(1) ? empty(w.shape) : undefined, isNeeded(2) && b ? empty(b.shape) : undefined];
  if (dw) wasm().convBackwardWeight(call.convBackwardWeight({ x: x.ptr, dw: dw.ptr, shape }), addresses, positions);
  if (!db) return [dw];
  const sums = by.map((each) => {
    const [n, channels, height, width] = each.shape as [number, number, number, number];
    const sum = empty(b!.shape);
    wasm().channelSum(each.ptr, sum.ptr, n, channels, height * width);
    return sum;
  });
  return [dw, sumOf(sums)];
}

const oneDraw: Variation = { sMax: 2, sigmaOuter: 0.1, sigmaMid: 0.1, key: 78n, perSample: false };

const separated = (...shape: number[]): SampleInput => ({ shape, values: "separated" });
const positive = (...shape: number[]): SampleInput => ({ shape, values: "positive" });

function sample(x: number[], w: number[], hasBias: boolean, attributes: Conv2dAttributes): Sample<Conv2dAttributes> {
  return { inputs: [{ shape: x }, { shape: w }, hasBias ? { shape: [w[0]!] } : undefined], attributes };
}

export const conv2dRow = defineOp<Inputs, Conv2dAttributes>({
  name: "conv2d",
  shape: (inputs, attributes) => {
    checkGeometry(inputs, attributes);
    const out = outputShape(inputs, attributes);
    if (!attributes.pooled) return out;
    const pooled = pooledShape(inputs, attributes);
    if (pooled.includes(0, 2))
      throw new RangeError(`conv2d: expected outputs to pool two by two, got ${shapeText(out)}`);
    return pooled;
  },
  saved: (inputs, attributes) => (attributes.pooled ? [pooledShape(inputs, attributes)] : []),
  forward: (inputs, attributes, y, [positions]) => {
    const [x, w, b] = inputs;
    const { rectified = false, pooled = false } = attributes;
    const variation = variationFields("conv2d", attributes.variation);
    const shape = geometry(x, w, attributes);
    const at = positions?.ptr ?? 0;
    const convolve = (to: Tensor, pools: boolean) => {
      const operands = { x: x.ptr, w: w.ptr, bias: b?.ptr ?? 0, y: to.ptr, positions: pools ? at : 0 };
      wasm().convForward(call.convForward({ ...operands, rectified, pooled: pools, shape, variation }));
    };
    if (!pooled || fusesPool(shape, attributes)) return convolve(y, pooled);
    const outputs = loose(outputShape(inputs, attributes));
    try {
      convolve(outputs, false);
      wasm().maxPool(outputs.ptr, y.ptr, at, halving(outputs, y));
    } finally {
      outputs.dispose();
    }
  },
  vjp: [
    (dy, context) => {
      const { inputs, attributes } = context;
      const [x, w] = inputs;
      const dx = empty(x.shape);
      const variation = variationFields("conv2d", attributes.variation);
      const operands = { dy: byOutputs(dy, context).ptr, w: w.ptr, dx: dx.ptr };
      const shape = geometry(x, w, attributes);
      wasm().convBackwardInput(call.convBackwardInput({ ...operands, shape, variation }));
      return dx;
    },
    (dy, context) => gradients([{ dy, context }], (i) => i === 1)[0]!,
    (dy, context) => gradients([{ dy, context }], (i) => i === 2)[1]!,
  ],
  together: {
    rules: [1, 2],
    key: ({ strides, pads, dilations, groups, pooled }) =>
      JSON.stringify([strides, pads, dilations, groups, pooled ?? false]),
    gradients,
  },
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
    // Of distinct values: the largest of four must stay the largest. Other kernels are tested against pooling apart.
    {
      inputs: [separated(2, 1, 7, 6), positive(3, 1, 1, 1), { shape: [3] }],
      attributes: { pooled: true, variation: oneDraw },
    },
    { inputs: [separated(5, 1, 4, 9), positive(2, 1, 1, 1), undefined], attributes: { pooled: true, rectified: true } },
  ],
});

/**
 * Convolution of images: x [n, c, h, w], W [out, c/groups, kh, kw], b [out], y [n, out, h′, w′] with
 * h′ = ⌊(h + top + bottom − dilation·(kh − 1) − 1)/stride⌋ + 1. As in all networks, W isn't flipped.
 */
export function conv2d(x: Tensor, w: Tensor, b: Tensor | undefined, attributes: Conv2dAttributes = {}): Tensor {
  return conv2dRow(x, w, b, attributes);
}

/**
 * What `conv2d` makes of one x with each of several weights of one shape, to the same bits: for weights as they are, and outside of
 * what records gradients. Where a kernel can, x is read and transformed once for all of them.
 * @throws {Error} where the result would need gradients.
 */
export function conv2dEach(
  x: Tensor,
  weights: readonly Tensor[],
  b: Tensor | undefined,
  attributes: Omit<Conv2dAttributes, "variation"> = {},
): Tensor[] {
  const first = weights[0];
  if (first === undefined) return [];
  const all = [x, ...weights, ...(b ? [b] : [])];
  for (const tensor of all) {
    tensor.check("conv2dEach");
    if (tensor.dtype !== "f32") throw new TypeError(`conv2dEach: expected tensors of f32, got one of ${tensor.dtype}`);
  }
  if ("variation" in attributes && attributes.variation !== undefined) {
    throw new TypeError("conv2dEach: expected weights as they are, got a variation; call conv2d for each weight");
  }
  if (isRecording() && all.some((tensor) => tensor.requiresGrad)) {
    throw new Error("conv2dEach: expected no gradients to be wanted, got some; use noGrad, or conv2d for each weight");
  }
  const other = weights.find(({ shape }) => shape.join() !== first.shape.join());
  if (other) {
    const shapes = `${shapeText(first.shape)} and ${shapeText(other.shape)}`;
    throw new RangeError(`conv2dEach: expected weights of one shape, got ${shapes}`);
  }
  const size = conv2dRow.row.shape([x, first, b], attributes);
  const shape = geometry(x, first, attributes);
  const { rectified = false, pooled = false } = attributes;
  if (pooled && !fusesPool(shape, attributes)) {
    return weights.map((w) => conv2d(x, w, b, attributes));
  }
  const outputs = weights.map(() => empty(size));
  const addresses = (tensors: readonly Tensor[]) => Uint32Array.from(tensors, ({ ptr }) => ptr);
  const fields = call.convForwardEach({ x: x.ptr, bias: b?.ptr ?? 0, rectified, pooled, shape });
  wasm().convForwardEach(fields, addresses(weights), addresses(outputs));
  return outputs;
}
