import type { ArrayBackend, GraphNode } from "@neft/model";
import {
  adaptiveAvgPool2d,
  linear,
  parameter,
  relu,
  reshape,
  sizeOf,
  stream,
  type Tensor,
  uniforms,
} from "@neft/tensor";
import { purposes } from "./streams.js";
import type { Feature } from "./taps.js";

/** A feedback head as plain data: what it reads and how big it is. */
export interface HeadPlan {
  /** Prefix of its parameters' names, e.g. "head0". */
  readonly name: string;
  /** The value it reads. */
  readonly tap: string;
  /** Height and width the feature is pooled to; null for features that are no images, which stay as they are. */
  readonly pooled: readonly [height: number, width: number] | null;
  /** Values of a (pooled) feature. */
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
}

/** Sizes of heads. */
export interface HeadSettings {
  /** Side of the square a head's image feature is pooled to, shallowest first; the last one serves all deeper heads too. */
  readonly sizes: readonly number[];
  readonly hidden: number;
  readonly classes: number;
}

/**
 * Plans one head for each feature: adaptive average pool to size×size (image features only, and no larger than they are)
 * → flatten → linear(hidden) → ReLU → linear(classes).
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

/** A head's parameters by name, with their shapes. */
function headShapes({ name, inputs, hidden, classes }: HeadPlan): [name: string, shape: number[], fanIn: number][] {
  return [
    [`${name}.fc1.weight`, [hidden, inputs], inputs],
    [`${name}.fc1.bias`, [hidden], inputs],
    [`${name}.fc2.weight`, [classes, hidden], hidden],
    [`${name}.fc2.bias`, [classes], hidden],
  ];
}

/**
 * Fresh parameters of heads, by name, living outside all scopes: uniform in ±1/√inputs, weights and biases alike, as
 * PyTorch's linear layers start.
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
 * A head's logits [batch, classes] for its feature [batch, …]; its two weights are on the arrays of `backend`.
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
    const node: GraphNode = {
      name: `${plan.name}.${layer}`,
      op: "Gemm",
      inputs: [plan.tap, weightName],
      outputs: [`${plan.name}.${layer}.output`],
      attributes: { transB: 1 },
    };
    return backend.product({
      node,
      weightName,
      weight: parameters.get(weightName)!,
      input: x,
      digital: (weight, variation) =>
        linear(x, weight, bias, variation ? { layout: "oi", variation } : { layout: "oi" }),
    });
  };
  return dense(relu(dense(reshape(pooled, [batch, plan.inputs]), "fc1")), "fc2");
}
