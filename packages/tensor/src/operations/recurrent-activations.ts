import type { Tensor } from "../tensor.js";
import { elu, hardSigmoid, softplus, softsign, thresholdedRelu } from "./activations.js";
import { leakyRelu, relu, scale, shift, sigmoid, tanh } from "./elementwise.js";

/** An activation of a recurrent network with its numbers filled in. */
export type Activation = (x: Tensor) => Tensor;

/** An activation by the names of its numbers. */
interface Definition {
  /** Default of alpha; undefined if it has none. */
  readonly alpha?: number;
  /** Default of beta; undefined if it has none. */
  readonly beta?: number;
  readonly run: (x: Tensor, alpha: number, beta: number) => Tensor;
}

/** The activations that ONNX lists for RNN, GRU and LSTM, by their names in lower case. */
const definitions: Readonly<Record<string, Definition>> = {
  relu: { run: (x) => relu(x) },
  tanh: { run: (x) => tanh(x) },
  sigmoid: { run: (x) => sigmoid(x) },
  affine: { alpha: 1, beta: 0, run: (x, a, b) => shift(scale(x, a), b) },
  leakyrelu: { alpha: 0.01, run: (x, alpha) => leakyRelu(x, { alpha }) },
  thresholdedrelu: { alpha: 1, run: (x, alpha) => thresholdedRelu(x, { alpha }) },
  scaledtanh: { alpha: 1, beta: 1, run: (x, a, b) => scale(tanh(scale(x, b)), a) },
  hardsigmoid: { alpha: 0.2, beta: 0.5, run: (x, alpha, beta) => hardSigmoid(x, { alpha, beta }) },
  elu: { alpha: 1, run: (x, alpha) => elu(x, { alpha }) },
  softsign: { run: (x) => softsign(x) },
  softplus: { run: (x) => softplus(x) },
};

/** Activations and their numbers, as ONNX lists them: the numbers in the order of the activations that take some. */
export interface ActivationAttributes {
  /** Names, in any case; for each direction those of its gates. Default: those of the operator. */
  readonly activations?: readonly string[] | undefined;
  /** Default: those of the activations. */
  readonly alphas?: readonly number[] | undefined;
  /** Default: those of the activations. */
  readonly betas?: readonly number[] | undefined;
}

/** Activations in order. @throws {RangeError} for another number of names than `count`, or an unknown name. */
export function activationsOf(
  who: string,
  { activations, alphas = [], betas = [] }: ActivationAttributes,
  fallback: readonly string[],
  count: number,
): Activation[] {
  const names = activations ?? Array.from({ length: count }, (_, i) => fallback[i % fallback.length]!);
  if (names.length !== count) {
    throw new RangeError(`${who}: expected ${count} activations, got [${names.join(", ")}]`);
  }
  let [nextAlpha, nextBeta] = [0, 0];
  return names.map((name) => {
    const definition = Object.hasOwn(definitions, name.toLowerCase()) ? definitions[name.toLowerCase()] : undefined;
    if (definition === undefined) {
      throw new RangeError(`${who}: expected activations of ${Object.keys(definitions).join(", ")}, got ${name}`);
    }
    const alpha = definition.alpha === undefined ? 0 : (alphas[nextAlpha++] ?? definition.alpha);
    const beta = definition.beta === undefined ? 0 : (betas[nextBeta++] ?? definition.beta);
    return (x) => definition.run(x, alpha, beta);
  });
}
