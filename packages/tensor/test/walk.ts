import {
  type AnyRow,
  backward,
  type ExampleInput,
  mul,
  noGrad,
  normals,
  operations,
  parameter,
  permutation,
  reduceSum,
  scope,
  sizeOf,
  stream,
  type TableOperation,
  type Tensor,
  tensor,
  uniforms,
} from "@neft/tensor";

type Values = (Float32Array | undefined)[];

interface Case {
  readonly operation: TableOperation;
  readonly row: AnyRow;
  readonly label: string;
  readonly inputs: readonly (ExampleInput | undefined)[];
  readonly attributes: unknown;
  readonly values: Values;
}

function fill({ shape, values = "normal" }: ExampleInput, index: number): Float32Array {
  const n = sizeOf(shape);
  const key = stream(1, { purpose: "walk", name: values, index, step: n });
  if (values === "normal") return normals(key, n);
  if (values === "positive") return uniforms(key, n).map((u) => u + 0.5);
  if (values === "fractions") return uniforms(key, n).map((u) => 1.4 * (u - 0.5));
  if (values === "large") return uniforms(key, n).map((u) => u + 1.5);
  const offset = Math.floor(n / 2) - (values === "separated" ? 0.5 : 0);
  return Float32Array.from(permutation(key, n), (rank) => (rank - offset) * 0.1);
}

/** Every example call of every operation, with values for its inputs. */
export function cases(): Case[] {
  return operations.flatMap((operation) =>
    operation.row.examples.map((example, i) => ({
      operation,
      row: operation.row,
      label: `${operation.row.name} example ${i}`,
      inputs: example.inputs,
      attributes: example.attributes,
      values: example.inputs.map((input, index) => input && fill(input, index)),
    })),
  );
}

function call({ operation, attributes }: Case, inputs: readonly (Tensor | undefined)[]): Tensor {
  return attributes === undefined ? operation(...inputs) : operation(...inputs, attributes);
}

function run(test: Case, values: Values): Float32Array {
  return scope(() =>
    noGrad(() =>
      call(
        test,
        test.inputs.map((input, i) => input && tensor(values[i]!, input.shape)),
      ).floats(),
    ),
  );
}

/** Weights of the outputs in the scalar Σ weights·output, which is differentiated. */
function weightsOf(size: number): Float32Array {
  return normals(stream(1, { purpose: "walk", name: "weights", index: size }), size);
}

/** Output and shape of an example, the gradient of Σ weights·output by each input, and whether it has a nonzero element. */
function pullBack(test: Case): {
  output: Float32Array;
  shape: readonly number[];
  gradients: Values;
  reached: boolean[];
} {
  return scope(() => {
    const inputs = test.inputs.map((input, i) => input && parameter(test.values[i]!, input.shape));
    const given = inputs.filter((input) => input !== undefined);
    const y = call(test, inputs);
    const { shape } = y;
    const loss = reduceSum(mul(y, tensor(weightsOf(y.size), y.shape)));
    const output = y.floats();
    const gradients = new Map(backward(loss, given).map((gradient, i) => [given[i], gradient.floats()]));
    const reached = inputs.map((input) => gradients.get(input)?.some((g) => g !== 0) ?? false);
    for (const input of given) input.dispose();
    return { output, shape, gradients: inputs.map((input) => input && gradients.get(input)), reached };
  });
}

/** Σ weights·output, summed in f64. */
function project(output: Float32Array, weights: Float32Array): number {
  return output.reduce((sum, y, j) => sum + y * weights[j]!, 0);
}

/**
 * Slope of Σ weights·output along a random direction of one input: numerically, and from the gradient.
 *
 * The numeric slope extrapolates central differences at h and h/2. Their error is of order h⁴; rounding adds about
 * 2⁻²⁴ Σ|weights·y|/h.
 */
function slopes(test: Case, which: number, gradient: Float32Array): { numeric: number; pulled: number; scale: number } {
  const x = test.values[which]!;
  const direction = uniforms(stream(2, { purpose: "walk", name: "direction", index: which }), x.length).map(
    (u) => 2 * u - 1,
  );
  let scale = 0;
  const slope = (h: number) => {
    const ends = [h, -h].map((step) => x.map((value, i) => value + step * direction[i]!)) as [
      Float32Array,
      Float32Array,
    ];
    const outputs = ends.map((end) =>
      run(
        test,
        test.values.map((v, i) => (i === which ? end : v)),
      ),
    ) as [Float32Array, Float32Array];
    const weights = weightsOf(outputs[0].length);
    const numeric = (project(outputs[0], weights) - project(outputs[1], weights)) / (2 * h);
    scale = outputs[0].reduce((sum, y, j) => sum + Math.abs(y * weights[j]!), 0);
    // The ends are rounded to f32: the actual direction is their difference.
    const taken = ends[0].map((end, i) => end - ends[1][i]!);
    const pulled = taken.reduce((sum, step, i) => sum + (step * gradient[i]!) / (2 * h), 0);
    scale += taken.reduce((sum, step, i) => sum + Math.abs((step * gradient[i]!) / (2 * h)), 0);
    return { numeric, pulled };
  };
  const [coarse, fine] = [slope(1 / 32), slope(1 / 64)];
  return { numeric: (4 * fine.numeric - coarse.numeric) / 3, pulled: fine.pulled, scale };
}

/** Relative to Σ|weights·y| + Σ|gradient·direction|: rounding gives about 1e-5, a wrong element at least 1e-3. */
const tolerance = 1e-4;

/** Errors of one example in words; empty when it passes. */
export function faults(test: Case): string[] {
  const { row, label } = test;
  const found: string[] = [];
  const first = pullBack(test);
  const again = pullBack(test);
  if (!same(first.output, again.output)) found.push(`${label}: expected equal bits of two runs, got different outputs`);
  const shape = scope(() =>
    row.shape(
      test.inputs.map((input, i) => input && tensor(test.values[i]!, input.shape)),
      test.attributes,
    ),
  );
  if (String(shape) !== String(first.shape)) found.push(`${label}: expected shape [${shape}], got [${first.shape}]`);
  if (!first.output.every(Number.isFinite)) found.push(`${label}: expected finite outputs`);
  if (!same(first.output, run(test, test.values)))
    found.push(`${label}: expected the same output with and without recording`);
  test.inputs.forEach((input, i) => {
    if (input === undefined) return;
    const gradient = first.gradients[i]!;
    if (!same(gradient, again.gradients[i]!))
      found.push(`${label}: expected equal bits of two gradients of input ${i}`);
    if (typeof row.vjp !== "function" && row.vjp[i] === null) {
      if (first.reached[i]) found.push(`${label}: expected no gradient for input ${i}, whose rule is null, got one`);
      return;
    }
    const { numeric, pulled, scale } = slopes(test, i, gradient);
    if (!(Math.abs(numeric - pulled) <= tolerance * scale)) {
      found.push(`${label}: expected slope ${numeric} along input ${i}, got ${pulled} (scale ${scale})`);
    }
  });
  return found;
}

function same(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

/** An example of a function that is composed of operations, for {@link faults}. Its inputs are f32 and each has a gradient. */
export function composition(
  label: string,
  inputs: readonly ExampleInput[],
  compose: (...inputs: readonly Tensor[]) => Tensor,
): Case {
  const operation = (...given: unknown[]): Tensor => compose(...(given as Tensor[]));
  const shape = (given: readonly (Tensor | undefined)[]) => operation(...given).shape;
  const vjp = (): never => {
    throw new Error(`${label}: expected the rules of its operations to be used, got a call of its own`);
  };
  const row = { name: label, shape, forward: () => {}, vjp, keeps: [], examples: [] } satisfies AnyRow;
  return {
    operation: Object.assign(operation, { row }),
    row,
    label,
    inputs,
    attributes: undefined,
    values: inputs.map(fill),
  };
}
