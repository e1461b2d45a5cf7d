import * as ops from "@neft/tensor";
import { flag, ignored, int, ints, real } from "../../attribute-kinds.js";
import { axesOf } from "../../dimensions.js";
import type { GraphNode } from "../../graph.js";
import { flattened } from "../flattening.js";
import { likeFloat } from "../infer.js";
import { type Adaptor, defineAdaptor, defineOperator, float } from "../operator.js";
import { convolved, failMixed, firstInputPosition, normalised, spatial, type TrackCall } from "../tracks.js";
import { checkBroadcast, checkRank, checkShape } from "./vectors.js";

// Normalisations by statistics of the values themselves.

const epsilon = real({ default: 1e-5 });
/** Precision of the statistics; they are f32 here. */
const stash_type = ignored();

/** Statistics of the axes from `axis` on keep items on the axes before. */
const leading = (call: TrackCall<{ readonly axis: number }>) => {
  const position = firstInputPosition(call);
  const axis = ops.axisOf("axis", call.attributes.axis, call.inputs[0]!.shape.length);
  return position.axis < axis ? position : failMixed();
};

/** y = (x − mean)/√(variance + epsilon)·scale + bias, with the statistics of the axes from `axis` on. */
export const layerNormalization = defineOperator({
  name: "LayerNormalization",
  since: 17,
  inputs: [2, 3],
  outputs: 3,
  attributes: { axis: int({ default: -1 }), epsilon, stash_type },
  traits: { tail: true, parameters: [1, 2], scaling: { kind: "gains", gain: 1, shift: 2 } },
  track: leading,
  infer: (inputs, { axis: given }) => {
    const [x, scale, bias] = inputs;
    const { shape } = float(x);
    const axis = ops.axisOf("axis", given, shape.length);
    checkBroadcast(scale, 1, shape);
    checkBroadcast(bias, 2, shape);
    const statistics = { dtype: "f32" as const, shape: shape.map((n, i) => (i < axis ? n : 1)) };
    return [...likeFloat(inputs), statistics, statistics];
  },
  run: ([x, scale, bias], { axis, epsilon: added }, { node }) => {
    const options = { axis, epsilon: added };
    const y = ops.layerNormalization(x, scale, bias, options);
    if (node.outputs.length === 1) return [y];
    const { mean, invStdDev } = ops.layerStatistics(x, options);
    return [y, mean, invStdDev];
  },
  integers: null,
});

/** y = x/√(mean of x² + epsilon)·scale, with the mean over the axes from `axis` on. */
export const rmsNormalization = defineOperator({
  name: "RMSNormalization",
  since: 23,
  inputs: [2, 2],
  attributes: { axis: int({ default: -1 }), epsilon, stash_type },
  traits: { tail: true, parameters: [1], scaling: { kind: "gains", gain: 1 } },
  track: leading,
  infer: (inputs, { axis }) => {
    ops.axisOf("axis", axis, float(inputs[0]).shape.length);
    checkBroadcast(inputs[1], 1, inputs[0].shape);
    return likeFloat(inputs);
  },
  run: ([x, scale], { axis, epsilon: added }) => [ops.rmsNormalization(x, scale, { axis, epsilon: added })],
  integers: null,
});

/** Normalises each channel of each sample over its pixels. x: [N, C, …]; scale, bias: [C]. */
export const instanceNormalization = defineOperator({
  name: "InstanceNormalization",
  since: 6,
  inputs: [3, 3],
  attributes: { epsilon },
  traits: { tail: true, parameters: [1, 2], scaling: { kind: "gains", gain: 1, shift: 2, axis: 1 } },
  track: spatial,
  infer: (inputs) => {
    const [x, scale, bias] = inputs;
    checkRank(x, 3);
    checkShape(scale, 1, [x.shape[1]!]);
    checkShape(bias, 2, [x.shape[1]!]);
    return likeFloat(inputs);
  },
  run: ([x, scale, bias], { epsilon: added }) => [ops.instanceNormalization(x, scale, bias, { epsilon: added })],
  integers: null,
});

/** Nodes that repeat a vector, one number per group, for the channels of each group of x. */
function repeated({ name: owner, inputs: [x = ""] }: GraphNode, vector: string, role: string): GraphNode[] {
  const name = `${owner}.${role}`;
  const node = (op: string, part: string, inputs: string[], attributes: GraphNode["attributes"] = {}): GraphNode => ({
    name: `${name}_${part}`,
    op,
    inputs,
    outputs: [part === "repeated" ? name : `${name}_${part}`],
    attributes,
  });
  return [
    node("Shape", "channels", [x], { start: 1, end: 2 }),
    node("Shape", "groups", [vector]),
    node("Div", "size", [`${name}_channels`, `${name}_groups`]),
    node("Concat", "shape", [`${name}_groups`, `${name}_size`], { axis: 0 }),
    node("Flatten", "column", [vector], { axis: 1 }),
    node("Expand", "matrix", [`${name}_column`, `${name}_shape`]),
    node("Reshape", "repeated", [`${name}_matrix`, `${name}_channels`]),
  ];
}

/**
 * Normalises each group of channels of each sample. x: [N, C, …]; scale, bias: [C], or [groups] as before opset 21 with
 * `perGroup`.
 */
export const groupNormalization = defineOperator({
  name: "GroupNormalization",
  since: 21,
  inputs: [3, 3],
  attributes: {
    epsilon,
    num_groups: int({ required: true, min: 1 }),
    stash_type,
    perGroup: flag(false, { internal: true }),
  },
  traits: { tail: true, parameters: [1, 2], scaling: { kind: "gains", gain: 1, shift: 2, axis: 1 } },
  older: {
    18: defineAdaptor({
      inputs: [3, 3],
      attributes: { epsilon, num_groups: int({ required: true, min: 1 }) },
      adapt: ({ attributes }) => ({ attributes: { ...attributes, perGroup: 1 } }),
    }),
  },
  expand: (node, { num_groups, epsilon: added, perGroup }) => {
    if (!perGroup) return undefined;
    const [x, scale, bias] = node.inputs as [string, string, string];
    const inputs = [x, `${node.name}.scale`, `${node.name}.bias`];
    const whole = { ...node, inputs, attributes: { num_groups, epsilon: added } };
    return [...repeated(node, scale, "scale"), ...repeated(node, bias, "bias"), whole];
  },
  track: convolved,
  infer: (inputs, { num_groups: groups, perGroup }) => {
    const [x, scale, bias] = inputs;
    checkRank(x, 2);
    const channels = x.shape[1]!;
    if (channels % groups !== 0)
      throw new RangeError(`num_groups: expected a divisor of the ${channels} channels, got ${groups}`);
    checkShape(scale, 1, [perGroup ? groups : channels]);
    checkShape(bias, 2, [perGroup ? groups : channels]);
    return likeFloat(inputs);
  },
  run: ([x, scale, bias], { num_groups: groups, epsilon: added }) => [
    ops.groupNormalization(x, scale, bias, { groups, epsilon: added }),
  ],
  integers: null,
});

/** y = (x − mean)/standard deviation, over the axes. */
export const meanVarianceNormalization = defineOperator({
  name: "MeanVarianceNormalization",
  since: 9,
  inputs: [1, 1],
  attributes: { axes: ints({ default: [0, 2, 3] }) },
  traits: { tail: true },
  track: (call) => {
    const position = firstInputPosition(call);
    return axesOf(call.attributes.axes, call.inputs[0]!.shape.length).includes(position.axis) ? failMixed() : position;
  },
  infer: (inputs, { axes }) => {
    axesOf(axes, inputs[0].shape.length);
    return likeFloat(inputs);
  },
  run: ([x], { axes }) => [ops.meanVarianceNormalization(x, { axes })],
  integers: null,
});

/** y = x/‖x‖ₚ along an axis, p = 1 or 2; 0 where the norm is 0. */
export const lpNormalization = defineOperator({
  name: "LpNormalization",
  since: 1,
  inputs: [1, 1],
  attributes: { axis: int({ default: -1 }), p: int({ default: 2, min: 1, max: 2 }) },
  traits: { tail: true },
  track: (call) => {
    const position = firstInputPosition(call);
    const axis = ops.axisOf("axis", call.attributes.axis, call.inputs[0]!.shape.length);
    return position.axis === axis ? failMixed() : position;
  },
  infer: (inputs, { axis }) => {
    ops.axisOf("axis", axis, inputs[0].shape.length);
    return likeFloat(inputs);
  },
  run: ([x], { axis, p }) => [ops.lpNormalization(x, { axis, p: p as 1 | 2 })],
  integers: null,
});

/** Before opset 13, `axis` and all later axes count as one. */
const coercing: Adaptor = defineAdaptor({
  inputs: [1, 1],
  attributes: { axis: int({ default: 1 }) },
  adapt: ({ attributes: { axis } }) => ({ attributes: { axis, coerce: 1 } }),
});

/** 1 at the first largest element along an axis, 0 elsewhere: a constant for gradients. */
export const hardmax = defineOperator({
  name: "Hardmax",
  since: 13,
  inputs: [1, 1],
  attributes: { axis: int({ default: -1 }), coerce: flag(false, { internal: true }) },
  traits: {},
  older: { 1: coercing },
  expand: (node, { axis, coerce }) => (coerce ? flattened(node, axis) : undefined),
  track: normalised,
  infer: (inputs, { axis }) => {
    ops.axisOf("axis", axis, inputs[0].shape.length);
    return likeFloat(inputs);
  },
  run: ([x], { axis: given, coerce }) => {
    const axis = ops.axisOf("axis", given, x.shape.length);
    const inner = coerce ? 1 : ops.sizeOf(x.shape.slice(axis + 1));
    const count = coerce ? ops.sizeOf(x.shape.slice(axis)) : x.shape[axis]!;
    const values = x.floats();
    const ones = new Float32Array(x.size);
    for (let start = 0; start < x.size; start += count * inner) {
      for (let i = start; i < start + inner; i++) {
        let best = i;
        for (let at = i; at < start + count * inner; at += inner) {
          if (values[at]! > values[best]!) best = at;
        }
        ones[best] = 1;
      }
    }
    return [ops.tensor(ones, x.shape)];
  },
  integers: null,
});
