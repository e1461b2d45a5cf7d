import type { DType } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { dtype, flag, int } from "../../attribute-kinds.js";
import { int64Array } from "../../host-array.js";
import {
  checkOne,
  defineAdaptor,
  defineOperator,
  float,
  integersOf,
  type Operator,
  type OperatorCall,
} from "../operator.js";
import { failMixed, firstInputPosition } from "../tracks.js";
import { floatsOf } from "./inputs.js";

// Signals and their spectra.

/** The one element of an integer input; undefined when it is absent. */
const integerAt = (call: OperatorCall, index: number): number | undefined => {
  checkOne(call.inputs[index], index);
  return integersOf(call, index)?.[0];
};

/** The one element of a float input. */
const floatAt = (call: OperatorCall, index: number): number => {
  checkOne(call.inputs[index], index);
  return floatsOf(call, index)![0]!;
};

const oneSided = flag(false);

/** The attributes of a transform. Inputs: x, length, axis. */
function dftOptions(call: OperatorCall, attributes: { inverse: boolean; onesided: boolean }) {
  const { inverse, onesided } = attributes;
  return { axis: integerAt(call, 2) ?? -2, length: integerAt(call, 1), inverse, oneSided: onesided };
}

/** Discrete Fourier transform along an axis. x: [..., 1] for real signals, [..., 2] for real and imaginary parts. */
export const dft = defineOperator({
  name: "DFT",
  since: 20,
  inputs: [1, 3],
  attributes: { inverse: flag(false), onesided: oneSided },
  traits: {},
  older: {
    17: defineAdaptor({
      inputs: [1, 2],
      attributes: { inverse: flag(false), onesided: oneSided, axis: int({ default: 1 }) },
      adapt: ({ inputs: [x, length = ""], attributes: { axis, ...rest }, constant }) => ({
        inputs: [x!, length, constant("axis", { ...int64Array([axis]), shape: [] })],
        attributes: rest,
      }),
    }),
  },
  track: (call) => {
    const position = firstInputPosition(call);
    const axis = call.inputs[2]?.data?.[0] ?? -2;
    const rank = call.inputs[0]!.shape.length;
    const at = ops.axisOf("axis", Number(axis), rank);
    return position.axis === at || position.axis === rank - 1 ? failMixed() : position;
  },
  infer: ([x], attributes, call) => {
    const { axis, length, inverse, oneSided: half } = dftOptions(call, attributes);
    const rank = float(x).shape.length;
    const at = ops.axisOf("axis", axis, rank);
    if (at === rank - 1) throw new RangeError(`axis: expected one in front of the last, got ${axis}`);
    const size = length ?? (inverse && half ? 2 * (x.shape[at]! - 1) : x.shape[at]!);
    const shape = x.shape.map((n, i) => (i === at ? (half && !inverse ? Math.floor(size / 2) + 1 : size) : n));
    shape[rank - 1] = inverse && half ? 1 : 2;
    return [{ dtype: "f32", shape }];
  },
  run: ([x], attributes, call) => [ops.dft(x, dftOptions(call, attributes))],
  integers: null,
});

/** Fourier transforms of the frames of signals. Inputs: x [N, samples, 1 or 2], step, window, length of a frame. */
export const stft = defineOperator({
  name: "STFT",
  since: 17,
  inputs: [2, 4],
  attributes: { onesided: flag(true) },
  traits: {},
  track: (call) => {
    const position = firstInputPosition(call);
    return position.axis === 0 ? position : failMixed();
  },
  infer: ([x, , window], { onesided }, call) => {
    const [step, length] = [integerAt(call, 1)!, integerAt(call, 3)];
    const [n, samples, parts] = float(x).shape as [number, number, number];
    const size = length ?? window?.shape[0] ?? samples;
    if (x.shape.length !== 3 || !(step >= 1) || size > samples || parts > 2)
      throw new RangeError(
        `expected a signal [N, samples, 1 or 2] of at least one frame of ${size}, and a step of 1 or more, got [${x.shape.join(", ")}] and ${step}`,
      );
    const frames = Math.floor((samples - size) / step) + 1;
    return [{ dtype: "f32", shape: [n, frames, onesided ? Math.floor(size / 2) + 1 : size, 2] }];
  },
  run: ([x, , window], { onesided }, call) => [
    ops.stft(x, { step: integerAt(call, 1)!, length: integerAt(call, 3), window, oneSided: onesided }),
  ],
  integers: null,
});

/** Type of a table: floats. */
const output_datatype = dtype({ default: "f32" });

/** @throws {TypeError} for another type than floats. */
function checkFloats(type: DType): void {
  if (type !== "f32") throw new TypeError(`output_datatype: expected a type of floats, got ${type}`);
}

/** Defines a window of a size. */
function signalWindow(name: string, window: ops.WindowName): Operator {
  return defineOperator({
    name,
    since: 17,
    inputs: [1, 1],
    attributes: { output_datatype, periodic: flag(true) },
    traits: {},
    limits: "output of floats",
    track: failMixed,
    infer: (_, { output_datatype: type }, call) => {
      checkFloats(type);
      return [{ dtype: "f32", shape: [integerAt(call, 0)!] }];
    },
    run: (_, { periodic }, call) => [ops.signalWindow(window, integerAt(call, 0)!, { periodic })],
    integers: null,
  });
}

export const hannWindow = signalWindow("HannWindow", "hann");
export const hammingWindow = signalWindow("HammingWindow", "hamming");
export const blackmanWindow = signalWindow("BlackmanWindow", "blackman");

/** Weights of frequencies in bands of the mel scale. Inputs: bands, length, samples a second, lowest and highest Hz. */
export const melWeightMatrix = defineOperator({
  name: "MelWeightMatrix",
  since: 17,
  inputs: [5, 5],
  attributes: { output_datatype },
  traits: {},
  limits: "output of floats",
  track: failMixed,
  infer: (inputs, { output_datatype: type }, call) => {
    checkFloats(type);
    for (const i of [3, 4]) checkOne(float(inputs[i]!, i), i);
    return [{ dtype: "f32", shape: [Math.floor(integerAt(call, 1)! / 2) + 1, integerAt(call, 0)!] }];
  },
  run: (_, __, call) => [
    ops.melWeightMatrix({
      bands: integerAt(call, 0)!,
      length: integerAt(call, 1)!,
      sampleRate: integerAt(call, 2)!,
      low: floatAt(call, 3),
      high: floatAt(call, 4),
    }),
  ],
  integers: null,
});

/** Determinants of the last two axes. */
export const det = defineOperator({
  name: "Det",
  since: 11,
  inputs: [1, 1],
  attributes: {},
  traits: {},
  track: (call) => {
    const position = firstInputPosition(call);
    return position.axis < call.inputs[0]!.shape.length - 2 ? position : failMixed();
  },
  infer: ([x]) => {
    const { shape } = float(x);
    if (shape.length < 2 || shape.at(-1) !== shape.at(-2))
      throw new RangeError(`expected square matrices, got [${shape.join(", ")}]`);
    return [{ dtype: "f32", shape: shape.slice(0, -2) }];
  },
  run: ([x]) => [ops.det(x)],
  integers: null,
});
