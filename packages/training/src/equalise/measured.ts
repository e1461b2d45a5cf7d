import { type ChipSpec, programAll, variationBackend, withSigma } from "@neft/crossbar";
import { type BoundInput, gatherInputs } from "@neft/evaluation";
import { type ArrayBackend, type Model, run } from "@neft/model";
import {
  add,
  backward,
  logSoftmax,
  mul,
  noGrad,
  normals,
  reduceSum,
  scale,
  scope,
  softmax,
  stream,
  type Tensor,
  tensor,
  uniforms,
} from "@neft/tensor";
import { distillationLoss } from "../distillation-loss.js";
import { purposes } from "../streams.js";

/** A network with its samples, for measurements under variation. */
export interface MeasuredNetwork {
  readonly model: Model;
  readonly inputs: readonly BoundInput[];
  /** Names of the values to compare. */
  readonly outputs: readonly string[];
  readonly distance: "kl" | "error";
  /** Mean square of each output of the clean network. */
  readonly powers: readonly number[];
  /** Names of the parameters on crossbars. */
  readonly weights: readonly string[];
  readonly chip: ChipSpec;
  readonly seed: number;
}

/** Which chip a measurement reads. */
export interface ChipDraw {
  readonly sigma: number;
  readonly index: number;
}

/** A chip and its draw. */
const chipOfDraw = ({ chip, seed }: MeasuredNetwork, { sigma, index }: ChipDraw) =>
  [withSigma(chip, sigma), { seed, index, purpose: purposes.equaliseVariation }] as const;

const outputsOf = (
  { model, outputs }: MeasuredNetwork,
  x: Record<string, Tensor>,
  backend?: ArrayBackend,
): Tensor[] => {
  const found = run(model, x, { outputs, ...(backend && { backend }) }).outputs;
  return outputs.map((name) => found.get(name)!);
};

/** Mean square of each output of the clean network on samples. */
export function powersOf(network: MeasuredNetwork, batches: readonly Uint32Array[]): number[] {
  const sums = network.outputs.map(() => 0);
  const counts = network.outputs.map(() => 0);
  for (const indices of batches) {
    scope(() => {
      const outputs = noGrad(() => outputsOf(network, gatherInputs(network.inputs, indices)));
      for (const [i, output] of outputs.entries()) {
        for (const value of output.floats()) sums[i]! += value * value;
        counts[i]! += output.size;
      }
    });
  }
  return sums.map((sum, i) => sum / counts[i]! || 1);
}

/** Distance of a chip's outputs from the clean network's, on samples; see `distillationLoss`. */
export function distanceOf(network: MeasuredNetwork, draw: ChipDraw, indices: Uint32Array): number {
  return scope(() =>
    noGrad(() => {
      const x = gatherInputs(network.inputs, indices);
      const backend = variationBackend(...chipOfDraw(network, draw));
      return lossOf(network, outputsOf(network, x, backend), outputsOf(network, x)).item();
    }),
  );
}

const lossOf = ({ powers, distance }: MeasuredNetwork, outputs: readonly Tensor[], clean: readonly Tensor[]): Tensor =>
  distillationLoss(
    outputs,
    clean.map((values, i) => ({ values, power: powers[i]! })),
    { distance, temperature: 1 },
  );

/**
 * Gradients of a random function of the outputs by the weights, on one chip. The mean of their squares over draws is the
 * mean square of the outputs' derivatives: for "kl", the diagonal of the Fisher information of the softmax (the function
 * is −ln p of classes drawn from p); for "error", that of the outputs divided by the roots of their powers.
 */
export function sensitivityGradients(network: MeasuredNetwork, draw: ChipDraw, indices: Uint32Array): Float32Array[] {
  const { model, inputs, weights, distance, powers, seed } = network;
  return scope(() => {
    const x = gatherInputs(inputs, indices);
    const backend = draw.sigma > 0 ? variationBackend(...chipOfDraw(network, draw)) : undefined;
    const losses = outputsOf(network, x, backend).map((output, i) => {
      const key = stream(seed, { purpose: purposes.equaliseTargets, name: String(i), index: draw.index });
      if (distance === "kl") return reduceSum(mul(logSoftmax(output), drawnClasses(output, key)), allOf(output));
      const signs = tensor(normals(key, output.size), output.shape);
      return scale(reduceSum(mul(output, signs), allOf(output)), 1 / Math.sqrt(powers[i]!));
    });
    return gradientsOf(
      losses.reduce(add),
      weights.map((name) => model.parameters.get(name)!),
    );
  });
}

/** Gradients by weights; zeros if no gradient flows to any, as through an ArgMax. */
const gradientsOf = (loss: Tensor, weights: readonly Tensor[]): Float32Array[] =>
  loss.requiresGrad
    ? backward(loss, weights).map((gradient) => gradient.floats())
    : weights.map(({ size }) => new Float32Array(size));

const allOf = ({ shape }: Tensor) => ({ axes: shape.map((_, axis) => axis), keepDims: false });

/** −1 at a class drawn from the softmax of each vector along the last axis, 0 elsewhere. */
function drawnClasses(scores: Tensor, key: bigint): Tensor {
  const classes = scores.shape.at(-1)!;
  const shares = noGrad(() => softmax(scores)).floats();
  const vectors = shares.length / classes;
  const draws = uniforms(key, vectors);
  const chosen = new Float32Array(shares.length);
  for (let v = 0; v < vectors; v++) {
    let left = draws[v]!;
    let at = 0;
    while (at < classes - 1 && left >= shares[v * classes + at]!) left -= shares[v * classes + at++]!;
    chosen[v * classes + at] = -1;
  }
  return tensor(chosen, scores.shape);
}

/**
 * ∂L/∂W·ΔW of each element of each weight, on one chip, for the distance L.
 */
export function variationGradients(network: MeasuredNetwork, draw: ChipDraw, indices: Uint32Array): Float32Array[] {
  const { model, inputs, weights } = network;
  const [spec, own] = chipOfDraw(network, draw);
  const tensors = weights.map((name) => model.parameters.get(name)!);
  const chip = programAll(model, spec, own);
  try {
    return scope(() => {
      const x = gatherInputs(inputs, indices);
      const clean = noGrad(() => outputsOf(network, x));
      const loss = lossOf(network, outputsOf(network, x, variationBackend(spec, own)), clean);
      return gradientsOf(loss, tensors).map((slopes, i) => {
        const [varied, weight] = [chip.weights.get(weights[i]!)!.floats(), tensors[i]!.floats()];
        return slopes.map((slope, j) => slope * (varied[j]! - weight[j]!));
      });
    });
  } finally {
    chip.dispose();
  }
}
