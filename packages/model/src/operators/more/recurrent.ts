import * as ops from "@neft/tensor";
import { type AttributeSchema, flag, int, real, reals, text, texts } from "../../attribute-kinds.js";
import type { GraphNode } from "../../graph.js";
import type { KnownValue } from "../../host-array.js";
import {
  type Adaptor,
  defineAdaptor,
  defineOperator,
  float,
  integersOf,
  type OperatorCall,
  type RunCall,
} from "../operator.js";
import { failMixed, type TrackCall } from "../tracks.js";
import type { Products } from "../traits.js";
import { recurrentProduct } from "./recurrent-product.js";
import { checkShape } from "./vectors.js";

// Recurrent networks. W, [directions, gates·hidden, in], multiplies inputs, and R, [directions, gates·hidden, hidden],
// states. Both stand on crossbars: all directions and gates on the bit lines.

const attributes = {
  activations: texts(),
  activation_alpha: reals(),
  activation_beta: reals(),
  clip: real(),
  direction: text(["forward", "reverse", "bidirectional"], { default: "forward" }),
  hidden_size: int({ min: 1 }),
  layout: int({ default: 0, min: 0, max: 1, since: 14 }),
} as const;

/** Before opset 7, an attribute says whether the states of all steps are an output. */
function before7(inputs: number, outputs: number, { layout, ...others }: AttributeSchema): Adaptor {
  return defineAdaptor({
    inputs: [3, inputs],
    outputs,
    attributes: { ...others, output_sequence: flag(false) } as AttributeSchema,
    adapt: ({ attributes: { output_sequence, ...rest } }) => ({ attributes: rest as GraphNode["attributes"] }),
  });
}

interface Attributes {
  readonly activations: readonly string[] | undefined;
  readonly activation_alpha: readonly number[] | undefined;
  readonly activation_beta: readonly number[] | undefined;
  readonly clip: number | undefined;
  readonly direction: "forward" | "reverse" | "bidirectional";
  readonly hidden_size: number | undefined;
  readonly layout: number;
}

const products: Products<unknown> = {
  operands: [1, 2],
  uses: (shapeOf) =>
    [1, 2].flatMap((input) => {
      const weight = shapeOf(input);
      if (weight === undefined) return [];
      return [{ input, layout: "oi" as const, outputs: ops.sizeOf(weight.slice(0, -1)), inputs: weight.at(-1)! }];
    }),
};

/** Samples must be on the axis of samples of the inputs, the states and the lengths. */
function track({ attributes: { layout }, positions, inputs }: TrackCall<Attributes>) {
  const axes = [1 - layout, undefined, undefined, undefined, 0, 1 - layout, 1 - layout];
  const found = positions.flatMap((position, i) => {
    if (position === undefined) return [];
    return position.axis === axes[i] ? [position] : failMixed();
  });
  const [first] = found as [(typeof found)[number]];
  if (inputs.length === 0 || found.some(({ outer, inner }) => outer !== first.outer || inner !== first.inner))
    return failMixed();
  const state = { ...first, axis: 1 - layout };
  return [{ ...first, axis: layout === 1 ? 0 : 2 }, state, state];
}

/** Dtype and shape of the states of all steps, and of those after the last one. */
function infer(
  inputs: readonly (KnownValue | undefined)[],
  { layout, direction, hidden_size: given }: Attributes,
  gates: number,
): [steps: KnownValue, last: KnownValue] {
  const [x, w, r, b, lengths, h, c, p] = inputs as readonly KnownValue[];
  if (float(x!).shape.length !== 3) throw new RangeError(`expected an input of rank 3, got [${x!.shape.join(", ")}]`);
  const directions = direction === "bidirectional" ? 2 : 1;
  const hidden = float(r!, 2).shape[2] ?? 0;
  if (given !== undefined && given !== hidden)
    throw new RangeError(`hidden_size: expected the weight's ${hidden}, got ${given}`);
  const [steps, samples] = layout === 1 ? [x!.shape[1]!, x!.shape[0]!] : [x!.shape[0]!, x!.shape[1]!];
  const state = layout === 1 ? [samples, directions, hidden] : [directions, samples, hidden];
  checkShape(w, 1, [directions, gates * hidden, x!.shape[2]!]);
  checkShape(r, 2, [directions, gates * hidden, hidden]);
  checkShape(b, 3, [directions, 2 * gates * hidden]);
  if (lengths !== undefined && (lengths.dtype !== "i32" || lengths.shape.join() !== `${samples}`))
    throw new RangeError(`expected input 4 as i32 [${samples}], got ${lengths.dtype} [${lengths.shape.join(", ")}]`);
  checkShape(h, 5, state);
  checkShape(c, 6, state);
  checkShape(p, 7, [directions, 3 * hidden]);
  const all = layout === 1 ? [samples, steps, directions, hidden] : [steps, directions, samples, hidden];
  return [
    { dtype: "f32", shape: all },
    { dtype: "f32", shape: state },
  ];
}

/** The attributes of the tensor operations. */
function options(call: RunCall, values: Attributes): ops.RecurrentAttributes {
  const isOneOfTwo = call.node.op === "RNN" && values.direction !== "bidirectional";
  return {
    // The standard's default for an RNN has one for each of two directions.
    activations: isOneOfTwo ? values.activations?.slice(0, 1) : values.activations,
    alphas: values.activation_alpha,
    betas: values.activation_beta,
    clip: values.clip,
    direction: values.direction,
    layout: values.layout as 0 | 1,
    lengths: integersOf(call as OperatorCall, 4),
    initialH: call.inputs[5],
    product: recurrentProduct(call),
  };
}

const gruAttributes = { ...attributes, linear_before_reset: flag(false) } as const;
const lstmAttributes = { ...attributes, input_forget: flag(false) } as const;

/** h′ = f(W·x + R·h + biases). Outputs: the states of all steps, the last one. */
export const rnn = defineOperator({
  name: "RNN",
  since: 7,
  inputs: [3, 6],
  outputs: 2,
  attributes,
  traits: { products, parameters: [1, 2, 3] },
  older: { 1: before7(6, 2, attributes) },
  track,
  infer: (inputs, values) => infer(inputs, values, 1),
  run: ([x, w, r, b], values, call) => {
    const { y, lastH } = ops.rnn(x, { w, r, b }, options(call, values));
    return [y, lastH];
  },
  integers: null,
});

/** Gated recurrent unit. Outputs: the states of all steps, the last one. */
export const gru = defineOperator({
  name: "GRU",
  since: 7,
  inputs: [3, 6],
  outputs: 2,
  attributes: gruAttributes,
  traits: { products, parameters: [1, 2, 3] },
  older: { 3: before7(6, 2, gruAttributes) },
  track,
  infer: (inputs, values) => infer(inputs, values, 3),
  run: ([x, w, r, b], values, call) => {
    const { linear_before_reset: linearBeforeReset } = values;
    const { y, lastH } = ops.gru(x, { w, r, b }, { ...options(call, values), linearBeforeReset });
    return [y, lastH];
  },
  integers: null,
});

/** Long short-term memory. Outputs: the states of all steps, the last one, the last cell state. */
export const lstm = defineOperator({
  name: "LSTM",
  since: 7,
  inputs: [3, 8],
  outputs: 3,
  attributes: lstmAttributes,
  traits: { products, parameters: [1, 2, 3, 7] },
  older: { 1: before7(8, 3, lstmAttributes) },
  track,
  infer: (inputs, values) => {
    const [steps, last] = infer(inputs, values, 4);
    return [steps, last, last];
  },
  run: ([x, w, r, b, , , initialC, peepholes], values, call) => {
    const { input_forget: inputForget } = values;
    const more = { initialC, peepholes, inputForget };
    const { y, lastH, lastC } = ops.lstm(x, { w, r, b }, { ...options(call, values), ...more });
    return [y, lastH, lastC];
  },
  integers: null,
});
