import { init } from "@neft/kernels";
import { type ArrayCall, addOperators, arrayNodes, type Model, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign, backward, reduceSum, scope, tensor } from "@neft/tensor";
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
      const product = ({ weightName, weight, digital }: ArrayCall) => {
        seen.push(weightName);
        return digital(weight);
      };
      const { outputs } = run(model, feed, { backend: { product } });
      const [gradient] = backward(reduceSum(outputs.get("y")!), [model.parameters.get("if/v")!]);
      expect(gradient!.floats().some((value) => value !== 0)).toBe(true);
    });
    expect(seen).toEqual(["if/v"]);
    model.dispose();
  });
});
