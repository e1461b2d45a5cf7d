import { ChipGroup, givenBackend, programAll, rram4, variationBackend } from "@neft/crossbar";
import { init } from "@neft/kernels";
import {
  arrayNodes,
  constant,
  digitalProducts,
  type GraphNode,
  Model,
  type RunOptions,
  run,
  summary,
  warningsOf,
} from "@neft/model";
import { backward, mul, noGrad, parameter, reduceSum, scope, sub, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { drawn, type FlatSettings } from "./flat-settings.js";

const settings: FlatSettings = { device: rram4, sigma: 0.2, seed: 3, purpose: "test", index: 2 };

const wave = (count: number, phase = 0) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase));
const node = (op: string, inputs: string[], output: string, attributes: GraphNode["attributes"] = {}): GraphNode => ({
  name: output,
  op,
  inputs,
  outputs: [output],
  attributes,
});
const view = (
  op: string,
  input: string,
  output: string,
  shape: string[] = [],
  attributes: GraphNode["attributes"] = {},
) => node(op, [input, ...shape], output, attributes);

/** Nodes from "w" [4, 6] to "v". */
const chains: Readonly<Record<string, readonly GraphNode[]>> = {
  Identity: [view("Identity", "w", "v")],
  Cast: [view("Cast", "w", "v", [], { to: "f32" })],
  Transpose: [view("Transpose", "w", "v")],
  "Transpose that turns nothing": [view("Transpose", "w", "v", [], { perm: [0, 1] })],
  "two Transposes": [view("Transpose", "w", "a"), view("Transpose", "a", "v")],
  Reshape: [view("Reshape", "w", "v", ["3x8"])],
  "Reshape and Transpose": [view("Reshape", "w", "a", ["3x8"]), view("Transpose", "a", "v")],
  Flatten: [view("Reshape", "w", "a", ["2x2x6"]), view("Flatten", "a", "v", [], { axis: 2 })],
  "Unsqueeze and Squeeze": [view("Unsqueeze", "w", "a", ["one"]), view("Squeeze", "a", "v", ["one"])],
  "Transpose between Reshapes": [
    view("Reshape", "w", "a", ["2x2x6"]),
    view("Transpose", "a", "b", [], { perm: [2, 0, 1] }),
    view("Reshape", "b", "v", ["3x8"]),
  ],
};

/** The product of something with "v", whose shape is [rows, columns]. */
const products: Readonly<Record<string, (rows: number, columns: number) => { nodes: GraphNode[]; width: number }>> = {
  "MatMul xV": (rows) => ({ nodes: [node("MatMul", ["x", "v"], "z")], width: rows }),
  "MatMul Vxᵀ": (_, columns) => ({
    nodes: [node("Transpose", ["x"], "xt"), node("MatMul", ["v", "xt"], "z")],
    width: columns,
  }),
  "Gemm xV": (rows) => ({ nodes: [node("Gemm", ["x", "v"], "z", { alpha: 0.5 })], width: rows }),
  "Gemm xVᵀ": (_, columns) => ({ nodes: [node("Gemm", ["x", "v"], "z", { transB: 1 })], width: columns }),
  "Gemm Vxᵀ": (_, columns) => ({ nodes: [node("Gemm", ["v", "x"], "z", { transB: 1 })], width: columns }),
  "Gemm Vᵀxᵀ": (rows) => ({ nodes: [node("Gemm", ["v", "x"], "z", { transA: 1, transB: 1 })], width: rows }),
  Conv: (rows, columns) => ({
    nodes: [
      node("Reshape", ["v", "kernel"], "k"),
      node("Reshape", ["x", "image"], "xi"),
      node("Conv", ["xi", "k"], "c", { pads: [0, 1] }),
      node("Flatten", ["c"], "z"),
    ],
    width: rows * columns,
  }),
};

const sizes: Readonly<Record<string, readonly [number, number]>> = {
  Transpose: [6, 4],
  Reshape: [3, 8],
  "Reshape and Transpose": [8, 3],
  "Transpose between Reshapes": [3, 8],
};

/** y = the direct product's mean and the view's product: W is read both ways. Weights may be given. */
function tied(chain: string, product: string, weights: Float32Array = wave(24)): Model {
  const [rows, columns] = sizes[chain] ?? [4, 6];
  const { nodes, width } = products[product]!(rows, columns);
  const int64s = (...values: number[]) =>
    constant({ dtype: "i64", shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  return new Model({
    name: "tied",
    inputs: [
      { name: "x", dtype: "f32", shape: ["N", width] },
      { name: "u", dtype: "f32", shape: ["N", 4] },
    ],
    outputs: [
      { name: "z", dtype: "f32", shape: ["N", columns] },
      { name: "d", dtype: "f32", shape: ["N", 6] },
    ],
    nodes: [node("MatMul", ["u", "w"], "d"), ...chains[chain]!, ...nodes],
    parameters: new Map([["w", parameter(weights, [4, 6])]]),
    constants: new Map([
      ["3x8", int64s(3, 8)],
      ["2x2x6", int64s(2, 2, 6)],
      ["one", int64s(0)],
      ["kernel", int64s(rows, 1, columns)],
      ["image", int64s(-1, 1, rows * columns)],
    ]),
  });
}

function outputsOf(model: Model, options: RunOptions): number[][] {
  return scope(() =>
    noGrad(() => {
      const width = model.inputs[0]!.shape[1] as number;
      const feeds = { x: tensor(wave(3 * width, 1), [3, width]), u: tensor(wave(12, 2), [3, 4]) };
      const { outputs } = run(model, feeds, options);
      return [...outputs.keys()].map((name) => [...(outputs.get(name)!.toArray() as Float32Array)]);
    }),
  );
}

/** Σ of both outputs' elements, squared and weighed: its gradient by w. */
function gradientOf(model: Model, options: RunOptions): number[] {
  return scope(() => {
    const width = model.inputs[0]!.shape[1] as number;
    const feeds = { x: tensor(wave(3 * width, 1), [3, width]), u: tensor(wave(12, 2), [3, 4]) };
    const { outputs } = run(model, feeds, options);
    const [z, d] = [outputs.get("z")!, outputs.get("d")!];
    const loss = sub(reduceSum(mul(z, z)), reduceSum(mul(d, d)));
    return [...(backward(loss, [model.parameters.get("w")!])[0]!.toArray() as Float32Array)];
  });
}

const close = (actual: readonly number[], expected: readonly number[], most: number) =>
  actual.every((value, i) => Math.abs(value - expected[i]!) <= most * Math.max(1, Math.abs(expected[i]!)));

describe("a weight read directly and through views", () => {
  beforeAll(() => init());

  it.each(Object.keys(chains))("has one draw in both products: %s", (chain) => {
    for (const product of Object.keys(products)) {
      const model = tied(chain, product);
      const arrays = arrayNodes(model);
      expect(arrays.map(({ weight }) => weight)).toEqual(["w", "w"]);
      expect(arrays.reduce((sum, { inputs, outputs }) => sum + inputs * outputs, 0)).toBe(48);
      expect(digitalProducts(model)).toEqual([]);

      const chip = new ChipGroup(drawn(settings)[0], [settings]);
      const whole = programAll(model, ...drawn(settings));
      const written = whole.weights.get("w")!.floats();
      whole.dispose();
      const clean = model.parameters.get("w")!.toArray() as Float32Array;
      // The digital network with the chip's weights.
      const reference = tied(chain, product, written);
      const expected = outputsOf(reference, {});
      expect(expected).not.toEqual(outputsOf(model, {}));
      expect(outputsOf(model, { backend: chip.chips[0]!.backend() })).toEqual(expected);
      expect(outputsOf(model, { backend: variationBackend(...drawn(settings)) })).toEqual(expected);
      expect(outputsOf(model, { backend: variationBackend(...drawn({ ...settings, sigma: 0 })) })).toEqual(
        outputsOf(model, {}),
      );
      scope(() => {
        const delta = tensor(
          written.map((value, i) => value - clean[i]!),
          [4, 6],
        );
        const given = outputsOf(model, { backend: givenBackend(new Map([["w", delta]])) });
        given.forEach((values, i) => {
          expect(close(values, expected[i]!, 1e-5)).toBe(true);
        });
        const width = model.inputs[0]!.shape[1] as number;
        const x = tensor(wave(3 * width, 1), [3, width]);
        const [backend] = chip.backends(x);
        const together = noGrad(() => run(model, { x, u: tensor(wave(12, 2), [3, 4]) }, { backend: backend! }));
        expect([...(together.outputs.get("z")!.toArray() as Float32Array)]).toEqual(expected[0]);
      });

      // Straight through: the gradient at W + ΔW, by the digital network and by differences.
      const gradient = gradientOf(model, { backend: variationBackend(...drawn(settings)) });
      expect(close(gradient, gradientOf(reference, {}), 1e-5)).toBe(true);
      const direction = wave(24, 5);
      const lossAt = (step: number) => {
        const moved = tied(
          chain,
          product,
          written.map((value, i) => value + step * direction[i]!),
        );
        const [z, d] = outputsOf(moved, {});
        moved.dispose();
        const squares = (values: readonly number[]) => values.reduce((sum, value) => sum + value * value, 0);
        return squares(z!) - squares(d!);
      };
      const slope = (lossAt(0.01) - lossAt(-0.01)) / 0.02;
      const along = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
      // The loss is quadratic, so that differences miss by roundings alone: 1e-6 of the loss over the step.
      expect(Math.abs(slope - along)).toBeLessThan(2e-3 * Math.max(10, Math.abs(along)));
      chip.dispose();
      reference.dispose();
      model.dispose();
    }
  });

  it("refuses a draw for every sample by name", () => {
    const model = tied("Transpose", "MatMul xV");
    const backend = variationBackend(...drawn({ ...settings, perSample: true }));
    expect(() => outputsOf(model, { backend })).toThrow(
      /parameter "w": expected one draw for all samples where a product reads it through Transpose|parameter "w": expected one product/,
    );
    model.dispose();
  });

  it("doesn't take endless chains of views for the parameter, and says so", () => {
    const model = tied("Identity", "MatMul xV");
    const long = Array.from({ length: 40 }, (_, i) =>
      view("Transpose", i === 0 ? "w" : `t${i}`, i === 39 ? "v" : `t${i + 1}`),
    );
    const chained = new Model({
      ...model,
      nodes: [node("MatMul", ["u", "w"], "d"), ...long, node("MatMul", ["x", "v"], "z")],
    });
    expect(digitalProducts(chained).map(({ name }) => name)).toEqual(["z"]);
    model.dispose();
  });
});

describe("products that stay digital", () => {
  beforeAll(() => init());

  it.each<[string, number[], GraphNode[], string]>([
    [
      "a sum of two parameters",
      [4, 4],
      [node("Add", ["w", "b"], "s"), node("MatMul", ["x", "s"], "y")],
      "its weights are computed anew in every run",
    ],
    [
      "a weight times a constant",
      [4, 4],
      [node("Mul", ["w", "c"], "s"), node("Gemm", ["x", "s"], "y")],
      "its weights are computed anew in every run",
    ],
    [
      "a weight with dropout",
      [4, 4],
      [node("Dropout", ["w"], "s"), node("MatMul", ["x", "s"], "y")],
      "its weights are computed anew in every run",
    ],
    ["a vector", [4], [node("MatMul", ["x", "w"], "y")], "its weights are a vector"],
    ["a stack of matrices", [2, 4, 4], [node("MatMul", ["x", "w"], "y")], "its weights are a stack of matrices"],
    ["a constant", [4, 4], [node("MatMul", ["x", "c"], "y")], "its weights are constants, not parameters"],
    [
      "a product of two parameters",
      [4, 4],
      [node("MatMul", ["w", "b"], "s"), node("MatMul", ["x", "s"], "y")],
      "its weights are computed anew in every run",
    ],
  ])("are named: %s", (_, shape, nodes, reason) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const model = new Model({
      name: "digital",
      inputs: [{ name: "x", dtype: "f32", shape: ["N", 4] }],
      outputs: [{ name: "y", dtype: "f32", shape: ["N", 4] }],
      nodes,
      parameters: new Map([
        ["w", parameter(wave(size), shape)],
        ["b", parameter(wave(16, 1), [4, 4])],
      ]),
      constants: new Map([["c", constant({ dtype: "f32", shape: [4, 4], data: wave(16, 2) })]]),
    });
    expect(digitalProducts(model).map(({ name }) => name)).toEqual(["y"]);
    expect(summary(model, 2).map(({ name, whyDigital }) => [name, whyDigital])).toContainEqual(["y", reason]);
    expect(warningsOf(model)).toEqual([
      'layers without variation: "y": their weights are vectors, stacks of matrices, integers or computed anew in every run, which no crossbar holds; they stay digital',
    ]);
    model.dispose();
  });
});
