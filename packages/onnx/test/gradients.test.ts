import { init } from "@neft/kernels";
import { addOperators, knownOperators, type Model, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { add, assign, backward, mul, noGrad, parameter, reduceSum, scope, type Tensor, tensor } from "@neft/tensor";
import { beforeAll, expect, it } from "vitest";
import { numbers } from "./onnx-file.js";
import type { Values } from "./runtime.js";
import { fileOf, opsets, opsetsOf, versions as versionsOfFiles } from "./sample-file.js";
import type { Sample } from "./samples/sample.js";
import { samples } from "./samples/samples.js";

addOperators(moreOperators);

/** Steps of the differences. Kinks near the sample disturb large ones, rounding disturbs small ones. */
const steps = [1e-2, 3e-3, 1e-3, 3e-4, 1e-4];
/** Largest error, as a part of the sum of all elements' effects. */
const tolerance = 5e-3;
/** Largest error by rounding of f32, as a part of the sum of all weighted outputs, for a step of 1. */
const rounding = 3e-7;

const floatsOf = (outputs: ReadonlyMap<string, Tensor>): Tensor[] =>
  [...outputs.values()].filter(({ dtype }) => dtype === "f32");

/** Weights of the outputs in the loss; of outputs of any shape. */
const weightsOf = ({ size }: Tensor, index: number): Float32Array => numbers(size, 100 + index);

/** The loss Σ weight·output in f64, and the sum of its terms' sizes. */
function lossOf(model: Model, feeds: Readonly<Record<string, Tensor>>): { loss: number; size: number } {
  return scope(() =>
    noGrad(() => {
      let [loss, size] = [0, 0];
      floatsOf(run(model, feeds).outputs).forEach((output, index) => {
        const weights = weightsOf(output, index);
        output.floats().forEach((value, i) => {
          loss += weights[i]! * value;
          size += Math.abs(weights[i]! * value);
        });
      });
      return { loss, size };
    }),
  );
}

/** Gradients of the loss by tensors; zeros when no output depends on any. */
function gradientsOf(model: Model, feeds: Readonly<Record<string, Tensor>>, by: readonly Tensor[]): Float32Array[] {
  return scope(() => {
    const terms = floatsOf(run(model, feeds).outputs)
      .map((output, index) => ({ output, weights: weightsOf(output, index) }))
      .filter(({ output }) => output.requiresGrad)
      .map(({ output, weights }) => reduceSum(mul(output, tensor(weights, output.shape))));
    if (terms.length === 0) return by.map(({ size }) => new Float32Array(size));
    return backward(terms.reduce(add), by).map((gradient) => gradient.floats());
  });
}

/** Whether a value holds running statistics: state, by which nothing is differentiated. */
function isRunning({ nodes }: Model, name: string): boolean {
  return nodes.some((node) => {
    const { running } = knownOperators.get(node.op)!.traits;
    return running !== undefined && [running.mean, running.variance].some((i) => node.inputs[i] === name);
  });
}

/** Compares the gradients by every float input and parameter along a random direction with differences. */
function mismatches(model: Model, feeds: Values): string[] {
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      dtype === "f32" ? parameter(data as Float32Array, shape) : tensor(data as Int32Array, shape, dtype),
    ]),
  );
  const all = [...Object.entries(tensors), ...model.parameters].filter(
    ([name, { requiresGrad }]) => requiresGrad && !isRunning(model, name),
  );
  const gradients = gradientsOf(
    model,
    tensors,
    all.map(([, one]) => one),
  );
  return all.flatMap(([name, variable], which) => {
    const gradient = gradients[which]!;
    const direction = numbers(variable.size, 7 + which);
    const before = variable.floats();
    let [slope, effect] = [0, 0];
    gradient.forEach((value, i) => {
      slope += value * direction[i]!;
      effect += Math.abs(value * direction[i]!);
    });
    const differences = steps.map((step) => {
      const at = (sign: number) => {
        assign(
          variable,
          before.map((value, i) => value + sign * step * direction[i]!),
        );
        return lossOf(model, tensors);
      };
      const [above, below] = [at(1), at(-1)];
      assign(variable, before);
      const difference = (above.loss - below.loss) / (2 * step);
      const allowed = tolerance * effect + (rounding * above.size) / step;
      return { difference, isClose: Math.abs(difference - slope) <= allowed };
    });
    if (differences.some(({ isClose }) => isClose)) return [];
    const found = differences.map(({ difference }) => difference).join(", ");
    return [`by ${name}: expected about ${found}, got ${slope}`];
  });
}

beforeAll(() => init());

const versions = versionsOfFiles();
const differentiable = samples.filter(({ gradient, inputs }) => gradient === undefined && inputs.some(isFloat));

function isFloat(input: Sample["inputs"][number]): boolean {
  return input !== undefined && (input.dtype ?? "f32") === "f32";
}

it("covers most operators", () => {
  const operators = (list: readonly Sample[]) => new Set(list.map(({ op }) => op)).size;
  expect(operators(differentiable)).toBeGreaterThan(0.6 * operators(samples));
});

it.each([...new Set(differentiable.map(({ op }) => op))])("%s has the gradients that differences show", (op) => {
  const failures = differentiable
    .filter((sample) => sample.op === op)
    .flatMap((sample) =>
      // Versions differ in how files write them. The first and the last reach the row in every way.
      [...new Set([opsetsOf(sample, versions.get(op)!).at(0)!, sample.to ?? opsets.max])].flatMap((opset) => {
        const { bytes, feeds } = fileOf(sample, opset);
        const model = importOnnx(bytes);
        try {
          return mismatches(model, feeds).map((line) => `${op} (${sample.about}) opset ${opset}, ${line}`);
        } finally {
          model.dispose();
        }
      }),
    );
  expect(failures).toEqual([]);
});
