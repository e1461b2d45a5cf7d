import { type ArrayBackend, matrixMap } from "@neft/model";
import { adaptiveAvgPool2d, parameter, relu, reshape, sizeOf, stream, type Tensor, uniforms } from "@neft/tensor";
import { purposes } from "./streams.js";
import type { Feature } from "./taps.js";

/** The structure of a feedback head. Plain data. */
export interface HeadPlan {
  /** Prefix of its parameters' names: "head0". */
  readonly name: string;
  /** Name of the value it reads. */
  readonly tap: string;
  /** Size to which the feature is pooled; null for a feature that is not an image, which is not pooled. */
  readonly pooled: readonly [height: number, width: number] | null;
  /** Length of the (pooled) feature, flattened: the inputs of the first layer. */
  readonly inputs: number;
  /** Width of the hidden layer. */
  readonly hidden: number;
  readonly classes: number;
}

/** Sizes of the heads. */
export interface HeadSettings {
  /** Pooled size (height = width) of each head's image feature, shallowest head first. The last value applies to all deeper heads. */
  readonly sizes: readonly number[];
  readonly hidden: number;
  readonly classes: number;
}

/**
 * Plans one head per feature: adaptive average pool to at most size×size (image features only) → flatten → linear(hidden) → ReLU →
 * linear(classes).
 */
export function planHeads(features: readonly Feature[], { sizes, hidden, classes }: HeadSettings): HeadPlan[] {
  return features.map(({ value, shape }, i) => {
    const [channels = 1, height = 1, width = 1] = shape;
    const isImage = shape.length === 3;
    const size = sizes[Math.min(i, sizes.length - 1)]!;
    const pooled = isImage ? ([Math.min(size, height), Math.min(size, width)] as const) : null;
    const inputs = pooled ? channels * pooled[0] * pooled[1] : sizeOf(shape);
    return { name: `head${i}`, tap: value, pooled, inputs, hidden, classes };
  });
}

/** Names, shapes and fan-in of a head's parameters. */
function headShapes({ name, inputs, hidden, classes }: HeadPlan): [name: string, shape: number[], fanIn: number][] {
  return [
    [`${name}.fc1.weight`, [hidden, inputs], inputs],
    [`${name}.fc1.bias`, [hidden], inputs],
    [`${name}.fc2.weight`, [classes, hidden], hidden],
    [`${name}.fc2.bias`, [classes], hidden],
  ];
}

/**
 * Creates the heads' parameters, by name, outside all scopes. Weights and biases are uniform in ±1/√fanIn, as in PyTorch's linear
 * layers.
 */
export function createHeads(plans: readonly HeadPlan[], seed: number): Map<string, Tensor> {
  const parameters = new Map<string, Tensor>();
  for (const [name, shape, fanIn] of plans.flatMap(headShapes)) {
    const bound = 1 / Math.sqrt(fanIn);
    const size = sizeOf(shape);
    const values = uniforms(stream(seed, { purpose: purposes.heads, name }), size).map(
      (u: number) => (2 * u - 1) * bound,
    );
    parameters.set(name, parameter(values, shape));
  }
  return parameters;
}

/**
 * Runs a head.
 *
 * @param feature  [batch, …].
 * @param backend  Computes the products with the head's two weights.
 * @returns the head's logits, [batch, classes].
 */
export function runHead(
  plan: HeadPlan,
  parameters: ReadonlyMap<string, Tensor>,
  feature: Tensor,
  backend: ArrayBackend,
): Tensor {
  const batch = feature.shape[0]!;
  const pooled = plan.pooled ? adaptiveAvgPool2d(feature, { size: [...plan.pooled] }) : feature;
  const dense = (x: Tensor, layer: string): Tensor => {
    const weightName = `${plan.name}.${layer}.weight`;
    const bias = parameters.get(`${plan.name}.${layer}.bias`)!;
    const weight = { name: weightName, tensor: parameters.get(weightName)! };
    return backend.product({
      layer: `${plan.name}.${layer}`,
      weight,
      input: x,
      map: matrixMap("oi"),
      epilogue: { bias },
    });
  };
  return dense(relu(dense(reshape(pooled, [batch, plan.inputs]), "fc1")), "fc2");
}
