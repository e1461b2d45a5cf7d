import * as ops from "@neft/tensor";
import { flag, ignored, int, real } from "../../attribute-kinds.js";
import type { KnownValue } from "../../host-array.js";
import { likeFloat } from "../infer.js";
import { defineOperator, float, integersOf, type OperatorCall } from "../operator.js";
import { failMixed, type TrackCall } from "../tracks.js";
import { checkShape } from "./vectors.js";

/** Samples must be on axis 0 of all inputs that hold them. @param ranks  Ranks of inputs that may broadcast. */
function onFirstAxis({ positions, inputs }: TrackCall, ranks: Readonly<Record<number, number>>) {
  const found = positions.flatMap((position, i) => {
    if (position === undefined) return [];
    const fits = position.axis === 0 && (ranks[i] ?? inputs[i]!.shape.length) === inputs[i]!.shape.length;
    return fits ? [position] : failMixed();
  });
  const [first] = found as [(typeof found)[number]];
  return found.every(({ outer, inner }) => outer === first.outer && inner === first.inner) ? first : failMixed();
}

/** [N, heads, length, size] of an input of rank 3, [N, length, heads·size], or 4. */
function headsOf({ shape }: KnownValue, heads: number | undefined, name: string): number[] {
  if (shape.length === 4) return [...shape];
  if (shape.length !== 3) throw new RangeError(`expected inputs of rank 3 or 4, got [${shape.join(", ")}]`);
  const [n, length, width] = shape as [number, number, number];
  if (heads === undefined || width % heads !== 0)
    throw new RangeError(`${name}: expected a divisor of ${width}, got ${heads ?? "none"}`);
  return [n, heads, length, width / heads];
}

/**
 * softmax(scale·Q·Kᵀ + mask)·V. Outputs: y, keys and values with the past ones, scores. A query that sees no key gives NaN, as in the
 * standard's reference and in its function of other operators; onnxruntime gives 0.
 */
export const attention = defineOperator({
  name: "Attention",
  since: 23,
  inputs: [3, 7],
  inputsSince: { 23: [3, 6], 24: [3, 7] },
  outputs: 4,
  attributes: {
    is_causal: flag(false),
    kv_num_heads: int({ min: 1 }),
    q_num_heads: int({ min: 1 }),
    qk_matmul_output_mode: int({ default: 0, min: 0, max: 3 }),
    scale: real(),
    softcap: real({ default: 0 }),
    // All values are f32 here.
    softmax_precision: ignored(),
  },
  traits: { scaling: { kind: "attends" } },
  limits: "masks of floats or bool",
  track: (call) => onFirstAxis(call, { 3: 4 }),
  infer: ([q, k, v, , pastKey, pastValue], { q_num_heads, kv_num_heads }) => {
    const [n, heads, queries] = headsOf(float(q), q_num_heads, "q_num_heads") as [number, number, number];
    const key = headsOf(float(k, 1), kv_num_heads, "kv_num_heads");
    const value = headsOf(float(v, 2), kv_num_heads, "kv_num_heads");
    key[2]! += pastKey?.shape[2] ?? 0;
    value[2]! += pastValue?.shape[2] ?? 0;
    const size = value[3]!;
    const shape = q.shape.length === 3 ? [n, queries, heads * size] : [n, heads, queries, size];
    return [shape, key, value, [n, heads, queries, key[2]!]].map((one) => ({ dtype: "f32", shape: one }));
  },
  run: ([q, k, v, mask, pastKey, pastValue], values, call) => {
    const { y, presentKey, presentValue, scores } = ops.attention(q, k, v, {
      qHeads: values.q_num_heads,
      kvHeads: values.kv_num_heads,
      scale: values.scale,
      softcap: values.softcap,
      isCausal: values.is_causal,
      mask,
      pastKey,
      pastValue,
      keyLengths: integersOf(call as OperatorCall, 6),
      scores: values.qk_matmul_output_mode as 0 | 1 | 2 | 3,
    });
    return [y, presentKey, presentValue, scores];
  },
  integers: null,
});

/** Rotates pairs of elements of each head by the angles of their positions. */
export const rotaryEmbedding = defineOperator({
  name: "RotaryEmbedding",
  since: 23,
  inputs: [3, 4],
  attributes: {
    interleaved: flag(false),
    num_heads: int({ min: 0 }),
    rotary_embedding_dim: int({ default: 0, min: 0 }),
  },
  traits: {},
  // With positions, the tables' first axis is that of positions.
  track: (call) => onFirstAxis(call, call.inputs[3] === undefined ? {} : { 1: -1, 2: -1 }),
  infer: (inputs, { num_heads: heads, rotary_embedding_dim: given }) => {
    const [x, cos, sin, positions] = inputs;
    const [n, , length, width] = headsOf(float(x), heads || undefined, "num_heads") as [number, number, number, number];
    const size = given || width;
    if (size > width || size % 2 !== 0)
      throw new RangeError(`rotary_embedding_dim: expected an even number up to ${width}, got ${size}`);
    const table = positions === undefined ? [n, length, size / 2] : [cos.shape[0]!, size / 2];
    checkShape(cos, 1, table);
    checkShape(sin, 2, table);
    if (positions !== undefined && positions.shape.join() !== [n, length].join())
      throw new RangeError(`expected input 3 as [${n}, ${length}], got [${positions.shape.join(", ")}]`);
    return likeFloat(inputs);
  },
  run: ([x, cos, sin, positions], { interleaved, num_heads, rotary_embedding_dim: size }) => [
    ops.rotaryEmbedding(x, cos, sin, { interleaved, size, heads: num_heads || undefined, positions }),
  ],
  integers: null,
});
