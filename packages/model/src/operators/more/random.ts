import * as ops from "@neft/tensor";
import { dtype, int, ints, real } from "../../attribute-kinds.js";
import type { GraphNode } from "../../graph.js";
import type { KnownValue } from "../../host-array.js";
import { checkedSize } from "../../host-array.js";
import { castElements } from "../../integers.js";
import { tensorOf } from "../on-arrays.js";
import { defineOperator, float, type Operator } from "../operator.js";
import { failMixed } from "../tracks.js";

// Operators that draw numbers. The stream of a node is that of its `seed`, 0 by default, and its name: every run draws the same
// numbers. Samples differ by their place in the batch, so no batch is free.

const seed = real();

/** The stream of a node: the seed is a float, whose bits are the stream's seed. */
const streamOf = (node: GraphNode, given: number | undefined): bigint => {
  const [bits] = new Uint32Array(Float32Array.of(given ?? 0).buffer);
  return ops.stream(bits!, { purpose: "draws", name: node.name });
};

const onlyFloat = (given: ops.DType): "f32" => {
  if (given !== "f32") throw new TypeError(`dtype: expected a floating-point type, got ${given}`);
  return given;
};

type Draw = (key: bigint, count: number, a: number, b: number) => Float32Array;

const normal: Draw = (key, count, mean, scale) => ops.normals(key, count).map((value) => mean + scale * value);
const uniform: Draw = (key, count, low, high) => ops.uniforms(key, count).map((value) => low + (high - low) * value);

const normalAttributes = { mean: real({ default: 0 }), scale: real({ default: 1 }), seed } as const;
const uniformAttributes = { low: real({ default: 0 }), high: real({ default: 1 }), seed } as const;

interface Settings {
  readonly mean?: number;
  readonly scale?: number;
  readonly low?: number;
  readonly high?: number;
  readonly seed: number | undefined;
}

const drawn = (draw: Draw, node: GraphNode, shape: readonly number[], settings: Settings): ops.Tensor => {
  const { mean, scale, low, high } = settings;
  const key = streamOf(node, settings.seed);
  return ops.tensor(draw(key, checkedSize(shape), mean ?? low!, scale ?? high!), shape);
};

/** Defines an operator that draws a tensor of a given shape. */
function drawShape(name: string, draw: Draw, own: typeof normalAttributes | typeof uniformAttributes): Operator {
  return defineOperator({
    name,
    since: 1,
    inputs: [0, 0],
    attributes: { ...own, dtype: dtype({ default: "f32" }), shape: ints({ required: true, min: 0 }) },
    traits: { draws: true },
    track: failMixed,
    infer: (_, attributes) => [{ dtype: onlyFloat(attributes.dtype), shape: attributes.shape }],
    run: (_, attributes, { node }) => [drawn(draw, node, attributes.shape, attributes as unknown as Settings)],
    integers: null,
  });
}

/** Defines an operator that draws a tensor of the shape of its input. */
function drawLike(name: string, draw: Draw, own: typeof normalAttributes | typeof uniformAttributes): Operator {
  return defineOperator({
    name,
    since: 1,
    inputs: [1, 1],
    attributes: { ...own, dtype: dtype() },
    traits: { draws: true },
    track: failMixed,
    infer: ([x], attributes) => [{ dtype: onlyFloat(attributes.dtype ?? x.dtype), shape: x.shape }],
    run: ([x], attributes, { node }) => [drawn(draw, node, x.shape, attributes as unknown as Settings)],
    integers: null,
  });
}

/** Normal numbers, mean + scale·z. */
export const randomNormal = drawShape("RandomNormal", normal, normalAttributes);
export const randomNormalLike = drawLike("RandomNormalLike", normal, normalAttributes);
/** Uniform numbers in [low, high). */
export const randomUniform = drawShape("RandomUniform", uniform, uniformAttributes);
export const randomUniformLike = drawLike("RandomUniformLike", uniform, uniformAttributes);

const drawnAs = (values: Float32Array, shape: readonly number[], dtype: ops.DType): ops.Tensor =>
  tensorOf(castElements({ dtype: "f32", shape, data: values }, dtype));

/** 1 with the probability that x gives, else 0. */
export const bernoulli = defineOperator({
  name: "Bernoulli",
  since: 15,
  inputs: [1, 1],
  attributes: { dtype: dtype(), seed },
  traits: { draws: true },
  track: failMixed,
  infer: ([x], { dtype }): KnownValue[] => [{ dtype: dtype ?? float(x).dtype, shape: x.shape }],
  run: ([x], { dtype = "f32", seed: given }, { node }) => {
    const probabilities = x.floats();
    const draws = ops.uniforms(streamOf(node, given), x.size);
    return [
      drawnAs(
        draws.map((draw, i) => Number(draw < probabilities[i]!)),
        x.shape,
        dtype,
      ),
    ];
  },
  integers: null,
});

/** Classes drawn with probabilities softmax(x). x: [N, classes] → [N, sample_size]. */
export const multinomial = defineOperator({
  name: "Multinomial",
  since: 7,
  inputs: [1, 1],
  attributes: { dtype: dtype({ default: "i32" }), sample_size: int({ default: 1, min: 1 }), seed },
  traits: { draws: true },
  track: failMixed,
  infer: ([x], { dtype, sample_size: count }): KnownValue[] => {
    const { shape } = float(x);
    if (shape.length !== 2 || shape[1] === 0)
      throw new RangeError(`expected an input [N, classes], got [${shape.join(", ")}]`);
    if (dtype !== "i32" && dtype !== "i64") throw new TypeError(`dtype: expected INT32 or INT64, got ${dtype}`);
    return [{ dtype, shape: [shape[0]!, count] }];
  },
  run: ([x], { dtype, sample_size: count, seed: given }, { node }) => {
    const [rows, classes] = x.shape as [number, number];
    const probabilities = ops.softmax(x, { axis: 1 }).floats();
    const draws = ops.uniforms(streamOf(node, given), rows * count);
    const chosen = draws.map((draw, i) => {
      const start = Math.floor(i / count) * classes;
      let [sum, last] = [0, 0];
      for (let at = 0; at < classes; at++) {
        if (probabilities[start + at]! === 0) continue;
        sum += probabilities[start + at]!;
        last = at;
        if (draw < sum) break;
      }
      return last;
    });
    return [drawnAs(chosen, [rows, count], dtype)];
  },
  integers: null,
});
