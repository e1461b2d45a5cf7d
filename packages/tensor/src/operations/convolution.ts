import { type ConvShape, call, wasm } from "@neft/kernels";
import { isRecording } from "../graph.js";
import {
  type BackwardContext,
  defineOp,
  type ExampleCall,
  type ExampleInput,
  type GradientTerm,
} from "../operation.js";
import { shapeText } from "../shape.js";
import { empty, emptyUnowned, type Tensor } from "../tensor.js";
import { clampWindow, outputSize, type WindowAxis, windowAxes } from "../window.js";
import { type EpilogueAttributes, gradientBeforeRelu, keptForGradient, sumTensors } from "./epilogue.js";
import { poolGeometry } from "./pooling.js";
import { byTable, drawKind, type Variation, withVariation } from "./variation.js";

/** Attributes of {@link conv2d}. */
export interface Conv2dAttributes extends EpilogueAttributes {
  /** [vertical, horizontal], in pixels. Default: [1, 1]. */
  readonly strides?: readonly [number, number];
  /** [top, left, bottom, right], in pixels. Default: [0, 0, 0, 0]. */
  readonly pads?: readonly [number, number, number, number];
  /** [vertical, horizontal], in pixels. Default: [1, 1]. */
  readonly dilations?: readonly [number, number];
  /** Default: 1. */
  readonly groups?: number;
  /** Variation of the weight. Default: none. */
  readonly variation?: Variation | undefined;
  /** Apply `maxPool2d` with kernel 2×2 and stride 2 to the outputs, before the ReLU. Default: false. */
  readonly pooled?: boolean;
}

type Inputs = [x: Tensor, w: Tensor, b: Tensor | undefined];

/** The window by axis. @throws {RangeError} as `windowAxes`. */
function axesOf(x: Pick<Tensor, "shape">, w: Pick<Tensor, "shape">, attributes: Conv2dAttributes): WindowAxis[] {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = attributes;
  return windowAxes("conv2d: ", x.shape.slice(1), { kernel: w.shape.slice(2), strides, pads, dilations });
}

/** Geometry for the kernels. */
function geometry(x: Tensor, w: Tensor, attributes: Conv2dAttributes): ConvShape {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [down, across] = axesOf(x, w, attributes).map(clampWindow) as [WindowAxis, WindowAxis];
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

/** @throws {RangeError} when the shapes of x, W and b or the groups don't match. */
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

/** Shape of the convolution's output before the pool. */
function outputShape([x, w]: Inputs, attributes: Conv2dAttributes): number[] {
  return [x.shape[0]!, w.shape[0]!, ...axesOf(x, w, attributes).map((axis) => outputSize(axis))];
}

/** Shape of outputs after a 2×2 pool. */
const pooledShape = (outputs: readonly number[]): number[] =>
  outputs.map((size, axis) => (axis < 2 ? size : size >> 1));

/** Geometry of the 2×2 pool for the kernels. */
const pool2x2Geometry = (outputs: Pick<Tensor, "shape">, y: Pick<Tensor, "shape">) =>
  poolGeometry(outputs, y, { kernel: [2, 2], strides: [2, 2] });

/** Whether a convolution kernel computes the requested pool in the same pass, for this kind of variation. */
const canFusePool = (shape: ConvShape, pooled: boolean | undefined, variation: Variation | undefined): boolean =>
  pooled === true && wasm().convPools(call.convShape(shape), drawKind(variation));

/** Gradient by the convolution's output before pool and ReLU, given that by y. Computed once for all rules of a node. */
function gradientBeforePool(dy: Tensor, context: BackwardContext<Inputs, Conv2dAttributes>): Tensor {
  const { inputs, attributes, output, saved, once } = context;
  if (!attributes.pooled) return gradientBeforeRelu(dy, context);
  const [gradient] = once("outputs", () => {
    const dz = empty(outputShape(inputs, attributes));
    wasm().maxPoolGradient(gradientBeforeRelu(dy, context).ptr, saved[0]!.ptr, dz.ptr, pool2x2Geometry(dz, output));
    return [dz];
  });
  return gradient!;
}

/**
 * Gradients by weight and bias, summed over the terms.
 *
 * If the kernels can fuse the pool, the weight's kernel reads the gradients after the pool and the positions of the maxima. The gradients
 * before the pool would take four times as much memory, most of it zeros.
 */
function gradients(
  terms: readonly GradientTerm<Inputs, Conv2dAttributes>[],
  isNeeded: (input: number) => boolean,
): (Tensor | undefined)[] {
  const { inputs, attributes } = terms[0]!.context;
  const [x, w, b] = inputs;
  const shape = geometry(x, w, attributes);
  const fusesPool = canFusePool(shape, attributes.pooled, undefined);
  const each = terms.map(({ dy, context }) => (fusesPool ? gradientBeforeRelu : gradientBeforePool)(dy, context));
  const dys = fusesPool ? each : [sumTensors(each)];
  const positions = Uint32Array.from(fusesPool ? terms : [], ({ context }) => context.saved[0]!.ptr);
  const addresses = Uint32Array.from(dys, ({ ptr }) => ptr);
  const [dw, db] = [isNeeded(1) ? empty(w.shape) : undefined, isNeeded(2) && b ? empty(b.shape) : undefined];
  if (dw) wasm().convBackwardWeight(call.convBackwardWeight({ x: x.ptr, dw: dw.ptr, shape }), addresses, positions);
  if (!db) return [dw];
  const sums = dys.map((dy) => {
    const [n, channels, height, width] = dy.shape as [number, number, number, number];
    const sum = empty(b!.shape);
    wasm().channelSum(dy.ptr, sum.ptr, n, channels, height * width);
    return sum;
  });
  return [dw, sumTensors(sums)];
}

const oneDraw: Variation = { sMax: 2, sigma: { kind: "uniform", sigma: 0.1 }, key: 78n, perSample: false };

const separated = (...shape: number[]): ExampleInput => ({ shape, values: "separated" });
const positive = (...shape: number[]): ExampleInput => ({ shape, values: "positive" });

function example(
  x: number[],
  w: number[],
  hasBias: boolean,
  attributes: Conv2dAttributes,
): ExampleCall<Conv2dAttributes> {
  return { inputs: [{ shape: x }, { shape: w }, hasBias ? { shape: [w[0]!] } : undefined], attributes };
}

/** The operation of {@link conv2d}. */
export const conv2dOp = defineOp<Inputs, Conv2dAttributes>({
  name: "conv2d",
  shape: (inputs, attributes) => {
    checkGeometry(inputs, attributes);
    const out = outputShape(inputs, attributes);
    if (!attributes.pooled) return out;
    const pooled = pooledShape(out);
    if (pooled.includes(0, 2))
      throw new RangeError(`conv2d: expected outputs of at least 2×2 to pool, got ${shapeText(out)}`);
    return pooled;
  },
  saved: (inputs, attributes) => (attributes.pooled ? [pooledShape(outputShape(inputs, attributes))] : []),
  forward: (inputs, attributes, y, [positions]) => {
    const [x, w, b] = inputs;
    const { rectified = false, pooled = false } = attributes;
    const shape = geometry(x, w, attributes);
    const at = positions?.ptr ?? 0;
    const convolve = (to: Tensor, pools: boolean) =>
      withVariation("conv2d", attributes.variation, (variation) => {
        const fields = call.convForward({
          x: x.ptr,
          w: w.ptr,
          bias: b?.ptr ?? 0,
          y: to.ptr,
          positions: pools ? at : 0,
          rectified,
          pooled: pools,
          shape,
          variation,
        });
        wasm().convForward(fields);
      });
    if (!pooled || canFusePool(shape, pooled, attributes.variation)) return convolve(y, pooled);
    const outputs = emptyUnowned(outputShape(inputs, attributes));
    try {
      convolve(outputs, false);
      wasm().maxPool(outputs.ptr, y.ptr, at, pool2x2Geometry(outputs, y));
    } finally {
      outputs.dispose();
    }
  },
  vjp: [
    (dy, context) => {
      const { inputs, attributes } = context;
      const [x, w] = inputs;
      const dx = empty(x.shape);
      const dz = gradientBeforePool(dy, context);
      const shape = geometry(x, w, attributes);
      withVariation("conv2d", attributes.variation, (variation) => {
        wasm().convBackwardInput(call.convBackwardInput({ dy: dz.ptr, w: w.ptr, dx: dx.ptr, shape, variation }));
      });
      return dx;
    },
    (dy, context) => gradients([{ dy, context }], (i) => i === 1)[0]!,
    (dy, context) => gradients([{ dy, context }], (i) => i === 2)[1]!,
  ],
  sharedRules: {
    inputs: [1, 2],
    key: ({ strides, pads, dilations, groups, pooled }) =>
      JSON.stringify([strides, pads, dilations, groups, pooled ?? false]),
    gradients,
  },
  keeps: keptForGradient,
  examples: [
    example([2, 3, 5, 7], [4, 3, 3, 3], true, { pads: [1, 1, 1, 1] }),
    example([1, 2, 6, 5], [3, 2, 1, 1], false, {}),
    example([2, 4, 7, 5], [6, 2, 3, 2], true, { groups: 2, strides: [2, 1], pads: [0, 1, 2, 0] }),
    example([1, 3, 7, 9], [3, 1, 3, 3], true, { groups: 3, pads: [1, 1, 1, 1], dilations: [1, 2] }),
    example([1, 1, 5, 5], [17, 1, 5, 5], true, {}),
    example([3, 2, 5, 5], [3, 2, 3, 3], true, { pads: [1, 1, 1, 1], variation: oneDraw }),
    example([3, 2, 5, 5], [3, 2, 3, 3], true, { variation: { ...oneDraw, perSample: true } }),
    example([2, 4, 5, 5], [4, 1, 3, 3], false, { groups: 4, variation: oneDraw }),
    example([2, 2, 5, 5], [3, 2, 3, 3], true, { variation: byTable }),
    example([1, 2, 4, 4], [3, 2, 3, 3], true, { rectified: true, variation: oneDraw }),
    // Distinct values keep the position of each maximum under small steps. values.test.ts covers the other pooling kernels.
    {
      inputs: [separated(2, 1, 7, 6), positive(3, 1, 1, 1), { shape: [3] }],
      attributes: { pooled: true, variation: oneDraw },
    },
    { inputs: [separated(5, 1, 4, 9), positive(2, 1, 1, 1), undefined], attributes: { pooled: true, rectified: true } },
  ],
});

/**
 * 2-D convolution, y = x ⋆ (W + ΔW) + b. As usual in neural networks, W isn't flipped.
 *
 * @param x  [n, c, h, w].
 * @param w  W: [out, c/groups, kh, kw].
 * @param b  [out], or undefined for none.
 * @returns y: [n, out, h′, w′] with h′ = ⌊(h + top + bottom − dilation·(kh − 1) − 1)/stride⌋ + 1 and w′ alike;
 *   both halved and rounded down if pooled.
 * @throws {RangeError} when shapes or attributes don't match, or a number of the variation is out of range.
 */
export function conv2d(x: Tensor, w: Tensor, b: Tensor | undefined, attributes: Conv2dAttributes = {}): Tensor {
  return conv2dOp(x, w, b, attributes);
}

/**
 * Convolves one x with several weights of the same shape, without variation and gradients.
 *
 * The results are bit-identical to those of {@link conv2d} for each weight. Some kernels pad and transform x once for all weights.
 *
 * @throws {Error} while recording, when an input requires gradients.
 * @throws {TypeError} for a variation, or tensors that aren't f32.
 * @throws {RangeError} when the weights differ in shape, and as {@link conv2d}.
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
    if (tensor.dtype !== "f32") throw new TypeError(`conv2dEach: expected f32 tensors, got ${tensor.dtype}`);
  }
  if ("variation" in attributes && attributes.variation !== undefined) {
    throw new TypeError("conv2dEach: expected no variation, got one; call conv2d for each weight");
  }
  if (isRecording() && all.some((tensor) => tensor.requiresGrad)) {
    throw new Error(
      "conv2dEach: expected inputs without gradients, got one that requires them; use noGrad, or conv2d for each weight",
    );
  }
  const other = weights.find(({ shape }) => shape.join() !== first.shape.join());
  if (other) {
    const shapes = `${shapeText(first.shape)} and ${shapeText(other.shape)}`;
    throw new RangeError(`conv2dEach: expected weights of one shape, got ${shapes}`);
  }
  const size = conv2dOp.row.shape([x, first, b], attributes);
  const shape = geometry(x, first, attributes);
  const { rectified = false, pooled = false } = attributes;
  if (pooled && !canFusePool(shape, pooled, undefined)) {
    return weights.map((w) => conv2d(x, w, b, attributes));
  }
  const outputs = weights.map(() => empty(size));
  const addresses = (tensors: readonly Tensor[]) => Uint32Array.from(tensors, ({ ptr }) => ptr);
  const fields = call.convForwardEach({ x: x.ptr, bias: b?.ptr ?? 0, rectified, pooled, shape });
  wasm().convForwardEach(fields, addresses(weights), addresses(outputs));
  return outputs;
}
