import { init } from "@neft/kernels";
import {
  type ArrayBackend,
  type ArrayProduct,
  addOperators,
  arrayNodes,
  computeProduct,
  type Model,
  run,
  warningsOf,
  whyDigital,
} from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign, backward, reduceSum, scope, stream, tensor, varied } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { floats, graphProto, int64s, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

addOperators(moreOperators);

const w = floats("w", [4, 4], numbers(16, 3));
const x: Values[string] = { dtype: "f32", shape: [3, 4], data: numbers(12, 7) };
const flag = (value: number): Values[string] => ({ dtype: "bool", shape: [], data: Uint8Array.of(value) });

/** y = x·w if the condition is true, else (x·v + b)ᵀᵀ, with w outside, v and b tensors of the branch. */
const branches = onnxFile({
  nodes: [
    {
      op: "If",
      name: "if",
      inputs: ["c"],
      outputs: ["y"],
      attributes: {
        then_branch: graphProto({
          nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["a"] }],
          inputs: [],
          outputs: [{ name: "a" }],
        }),
        else_branch: graphProto({
          nodes: [
            {
              op: "Constant",
              inputs: [],
              outputs: ["b"],
              attributes: { value: { tensor: floats("", [4], [1, 2, 3, 4]) } },
            },
            { op: "Gemm", name: "gemm", inputs: ["x", "v", "b"], outputs: ["d"] },
          ],
          inputs: [],
          outputs: [{ name: "d" }],
          initializers: [floats("v", [4, 4], numbers(16, 5))],
        }),
      },
    },
  ],
  inputs: [
    { name: "x", shape: ["N", 4] },
    { name: "c", type: 9, shape: [] },
  ],
  outputs: [{ name: "y" }],
  initializers: [w],
});

/** Three steps of h ← relu(h·w), with all h as second output. */
const loop = onnxFile({
  nodes: [
    {
      op: "Loop",
      name: "loop",
      inputs: ["m", "", "x"],
      outputs: ["y", "all"],
      attributes: {
        body: graphProto({
          nodes: [
            { op: "MatMul", inputs: ["h", "w"], outputs: ["p"] },
            { op: "Relu", inputs: ["p"], outputs: ["next"] },
            { op: "Identity", inputs: ["go"], outputs: ["on"] },
            { op: "Identity", inputs: ["next"], outputs: ["item"] },
          ],
          inputs: [
            { name: "i", type: 7, shape: [] },
            { name: "go", type: 9, shape: [] },
            { name: "h", shape: ["N", 4] },
          ],
          outputs: [{ name: "on", type: 9 }, { name: "next" }, { name: "item" }],
        }),
      },
    },
  ],
  inputs: [{ name: "x", shape: ["N", 4] }],
  outputs: [{ name: "y" }, { name: "all" }],
  initializers: [w, int64s("m", [3], [])],
});

function change(model: Model): void {
  for (const parameter of model.parameters.values())
    assign(
      parameter,
      parameter.floats().map((value) => value * 1.25 - 0.125),
    );
}

/** y = x·(the weight as [4, 4])ᵀ in the taken branch, seen through views; the other branch has a branch of its own. */
const views = onnxFile({
  nodes: [
    { op: "Identity", inputs: ["w"], outputs: ["u"] },
    {
      op: "If",
      name: "if",
      inputs: ["c"],
      outputs: ["y"],
      attributes: {
        then_branch: graphProto({
          nodes: [
            { op: "Reshape", inputs: ["u", "matrix"], outputs: ["m"] },
            { op: "Transpose", inputs: ["m"], outputs: ["t"] },
            { op: "MatMul", name: "product", inputs: ["x", "t"], outputs: ["a"] },
          ],
          inputs: [],
          outputs: [{ name: "a" }],
        }),
        else_branch: graphProto({
          nodes: [
            { op: "Transpose", inputs: ["v"], outputs: ["s"] },
            {
              op: "If",
              name: "inner",
              inputs: ["c"],
              outputs: ["b"],
              attributes: {
                then_branch: graphProto({
                  nodes: [{ op: "Identity", inputs: ["x"], outputs: ["e"] }],
                  inputs: [],
                  outputs: [{ name: "e" }],
                }),
                else_branch: graphProto({
                  nodes: [
                    { op: "Transpose", inputs: ["s"], outputs: ["r"] },
                    { op: "Transpose", inputs: ["r"], outputs: ["q"] },
                    { op: "MatMul", name: "deep", inputs: ["x", "q"], outputs: ["f"] },
                  ],
                  inputs: [],
                  outputs: [{ name: "f" }],
                }),
              },
            },
          ],
          inputs: [],
          outputs: [{ name: "b" }],
        }),
      },
    },
  ],
  inputs: [
    { name: "x", shape: ["N", 4] },
    { name: "c", type: 9, shape: [] },
  ],
  outputs: [{ name: "y" }],
  initializers: [floats("w", [2, 8], numbers(16, 3)), floats("v", [4, 4], numbers(16, 4)), int64s("matrix", [4, 4])],
});

/** y = x·tanh(w) + x·w in a branch. */
const computed = onnxFile({
  nodes: [
    {
      op: "If",
      name: "if",
      inputs: ["c"],
      outputs: ["y"],
      attributes: {
        then_branch: graphProto({
          nodes: [
            { op: "Tanh", inputs: ["w"], outputs: ["t"] },
            { op: "MatMul", name: "bent", inputs: ["x", "t"], outputs: ["a"] },
            { op: "MatMul", name: "plain", inputs: ["a", "w"], outputs: ["b"] },
            { op: "MatMul", name: "data", inputs: ["b", "xt"], outputs: ["d"] },
          ],
          inputs: [],
          outputs: [{ name: "d" }],
        }),
        else_branch: graphProto({
          nodes: [{ op: "MatMul", name: "square", inputs: ["x", "xt"], outputs: ["e"] }],
          inputs: [],
          outputs: [{ name: "e" }],
        }),
      },
    },
  ],
  inputs: [
    { name: "x", shape: ["N", 4] },
    { name: "xt", shape: [4, "N"] },
    { name: "c", type: 9, shape: [] },
  ],
  outputs: [{ name: "y" }],
  initializers: [w],
});

describe("graphs inside nodes", () => {
  beforeAll(() => init());

  it.each<[string, Uint8Array, Values[]]>([
    [
      "If",
      branches,
      [
        { x, c: flag(1) },
        { x, c: flag(0) },
      ],
    ],
    ["Loop", loop, [{ x }]],
    [
      "If with views of weights",
      views,
      [
        { x, c: flag(1) },
        { x, c: flag(0) },
      ],
    ],
  ])("of %s run as in onnxruntime, before and after their weights change", async (_, bytes, feeds) => {
    const model = importOnnx(bytes);
    for (const feed of feeds) expect(differences(runHere(model, feed), await runInRuntime(bytes, feed))).toEqual([]);
    expect(exportOnnx(model)).toEqual(bytes);
    change(model);
    const exported = exportOnnx(model);
    const again = importOnnx(exported);
    for (const feed of feeds) {
      expect(differences(runHere(model, feed), await runInRuntime(exported, feed))).toEqual([]);
      expect(runHere(again, feed)).toEqual(runHere(model, feed));
    }
    again.dispose();
    model.dispose();
  });

  it("have their weights on crossbars and are trained", () => {
    const model = importOnnx(branches);
    expect(arrayNodes(model).map(({ weight, layout }) => `${weight} ${layout}`)).toEqual(["w io", "if/v io"]);
    expect([...model.parameters.keys()].sort()).toEqual(["if/b", "if/v", "w"]);
    const seen: string[] = [];
    scope(() => {
      const feed = { x: tensor(x.data as Float32Array, [3, 4]), c: tensor([0], [], "bool") };
      const product = (one: ArrayProduct) => {
        seen.push(one.weight.name);
        return computeProduct(one);
      };
      const { outputs } = run(model, feed, { backend: { product } });
      const [gradient] = backward(reduceSum(outputs.get("y")!), [model.parameters.get("if/v")!]);
      expect(gradient!.floats().some((value) => value !== 0)).toBe(true);
    });
    expect(seen).toEqual(["if/v"]);
    model.dispose();
  });

  it("have weights on crossbars that they read through views, with one draw each", () => {
    const model = importOnnx(views);
    expect([...model.parameters.keys()]).toEqual(["w", "v"]);
    expect(
      arrayNodes(model).map(({ node, weight, layout, inputs, outputs, views: through }) =>
        [node.name, weight, layout, inputs, outputs, through.map(({ op }) => op).join("+")].join(" "),
      ),
    ).toEqual(["if/product w io 4 4 Reshape+Transpose", "if/inner/deep v io 4 4 Transpose+Transpose+Transpose"]);
    expect(whyDigital(model).size).toBe(0);
    for (const [condition, name] of [
      [1, "w"],
      [0, "v"],
    ] as const) {
      const weight = model.parameters.get(name)!;
      const key = stream(4, { purpose: "chip", name, index: 2 });
      const variation = {
        sMax: 2,
        sigma: { kind: "uniform", sigma: 0.3 } as const,
        key,
        perSample: false,
        firstSample: 0,
      };
      const chip = { product: (one: ArrayProduct) => computeProduct(one, one.weight.tensor, variation) };
      const feeds = () => ({ x: tensor(x.data as Float32Array, [3, 4]), c: tensor([condition], [], "bool") });
      const outputs = (backend?: ArrayBackend) =>
        scope(() =>
          run(model, feeds(), backend && { backend })
            .outputs.get("y")!
            .floats(),
        );
      const drawn = outputs(chip);
      // The network whose weight is the chip's gives the same.
      const [before, after] = [weight.floats(), scope(() => varied(weight, { variation }).floats())];
      expect(outputs()).not.toEqual(drawn);
      expect(outputs({ product: (one) => computeProduct(one, tensor(after, weight.shape)) })).toEqual(drawn);
      assign(weight, after);
      expect(outputs()).toEqual(drawn);
      assign(weight, before);
      const gradient = scope(() => {
        const y = run(model, feeds(), { backend: chip }).outputs.get("y")!;
        return backward(reduceSum(y), [weight])[0]!.floats();
      });
      expect(gradient.every((value) => value !== 0)).toBe(true);
    }
    model.dispose();
  });

  it("name their products that stay digital", () => {
    const model = importOnnx(computed);
    expect([...whyDigital(model)].map(([{ name }, why]) => `${name}: ${why}`)).toEqual([
      "if/bent: its weights are computed anew in every run",
      "if/data: both operands are computed from the input",
      "if/square: both operands are computed from the input",
    ]);
    expect(arrayNodes(model).map(({ node }) => node.name)).toEqual(["if/plain"]);
    expect(warningsOf(model)).toEqual([expect.stringContaining('layers without variation: "if/bent"')]);
    model.dispose();
  });
});
