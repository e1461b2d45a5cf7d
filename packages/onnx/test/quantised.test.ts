import { init } from "@neft/kernels";
import { addOperators, arrayNodes, bindModel, run, warningsOf, whyDigital } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, exportOnnxFiles, importOnnx } from "@neft/onnx";
import { assign, backward, reduceSum, scope, square, tensor } from "@neft/tensor";
import { beforeAll, expect, it } from "vitest";
import { type FileNode, floats, numbers, onnxFile, type Tensor } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

addOperators(moreOperators);
beforeAll(() => init());

const integers = (
  name: string,
  dims: number[],
  dataType: number,
  data: Int8Array | Int32Array | Uint8Array,
): Tensor => ({
  name,
  dims: dims.map(BigInt),
  dataType,
  rawData: new Uint8Array(data.buffer as ArrayBuffer),
});

const bytes = (count: number): Int8Array => Int8Array.from({ length: count }, (_, i) => ((i * 53) % 255) - 127);

/** A network as quantising tools write it: each product reads dequantised weights, biases and activations. */
function quantisedNetwork(): Uint8Array {
  const initializers: Tensor[] = [
    floats("x_scale", [], [0.02]),
    integers("x_zero", [], 2, Uint8Array.of(128)),
    integers("w1_q", [4, 2, 3, 3], 3, bytes(72)),
    floats("w1_scale", [4], [0.004, 0.003, 0.005, 0.002]),
    integers("w1_zero", [4], 3, new Int8Array(4)),
    integers("b1_q", [4], 6, Int32Array.of(100, -300, 50, 7)),
    floats("b1_scale", [4], [8e-5, 6e-5, 1e-4, 4e-5]),
    floats("y_scale", [], [0.03]),
    integers("y_zero", [], 2, Uint8Array.of(0)),
    integers("w2_q", [3, 64], 3, bytes(192)),
    floats("w2_scale", [], [0.002]),
    floats("b2", [3], [0.1, -0.2, 0.3]),
  ];
  const pair = (name: string, scale: string, zero: string): FileNode[] => [
    { op: "QuantizeLinear", inputs: [name, scale, zero], outputs: [`${name}_q`] },
    { op: "DequantizeLinear", inputs: [`${name}_q`, scale, zero], outputs: [`${name}_dq`] },
  ];
  const nodes: FileNode[] = [
    ...pair("x", "x_scale", "x_zero"),
    { op: "DequantizeLinear", inputs: ["w1_q", "w1_scale", "w1_zero"], outputs: ["w1"], attributes: { axis: 0 } },
    { op: "DequantizeLinear", inputs: ["b1_q", "b1_scale"], outputs: ["b1"], attributes: { axis: 0 } },
    { op: "Conv", inputs: ["x_dq", "w1", "b1"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1] } },
    { op: "Relu", inputs: ["c"], outputs: ["y"] },
    ...pair("y", "y_scale", "y_zero"),
    { op: "Flatten", inputs: ["y_dq"], outputs: ["flat"] },
    { op: "DequantizeLinear", inputs: ["w2_q", "w2_scale"], outputs: ["w2"] },
    { op: "Gemm", inputs: ["flat", "w2", "b2"], outputs: ["scores"], attributes: { transB: 1 } },
  ];
  return onnxFile({
    opset: 17,
    nodes,
    inputs: [{ name: "x", shape: ["N", 2, 4, 4] }],
    outputs: [{ name: "scores", shape: ["N", 3] }],
    initializers,
  });
}

const feeds: Values = { x: { dtype: "f32", shape: [3, 2, 4, 4], data: numbers(96, 5) } };

it("lists products whose weights are dequantised constants as array nodes", () => {
  const model = importOnnx(quantisedNetwork());
  expect(arrayNodes(model).map(({ weight, outputs, inputs }) => [weight, outputs, inputs])).toEqual([
    ["w1", 4, 18],
    ["w2", 3, 64],
  ]);
  expect([...model.parameters.keys()].sort()).toEqual(["b1", "b2", "w1", "w2"]);
  const bound = bindModel(model, [2, 4, 4]);
  expect(bound.fixed).toBeUndefined();
  bound.dispose();
  model.dispose();
});

it("agrees with onnxruntime, before and after weights change and are exported", async () => {
  const file = quantisedNetwork();
  const model = importOnnx(file);
  const before = runHere(model, feeds);
  expect(differences(before, await runInRuntime(file, feeds))).toEqual([]);
  for (const [name, parameter] of model.parameters) {
    const change = numbers(parameter.size, name.length);
    assign(
      parameter,
      parameter.floats().map((value, i) => value + 0.05 * change[i]!),
    );
  }
  const changed = runHere(model, feeds);
  const { model: exported, roundings } = exportOnnxFiles(model);
  // Sums in another order may put an activation on the other side of a tie: one step of its scale.
  const oneStep = { tolerance: 0.02 };
  expect(differences(changed, before, oneStep)).not.toEqual([]);
  const again = importOnnx(exported);
  expect([...again.parameters.keys()].sort()).toEqual(["b1", "b2", "w1", "w2"]);
  const there = runHere(again, feeds);
  expect(differences(there, await runInRuntime(exported, feeds), oneStep)).toEqual([]);
  expect(differences(there, changed, { tolerance: 0.3 })).toEqual([]);
  // The file has the same nodes and as many bytes; its codes are the nearest ones.
  expect(exported.length).toBe(file.length);
  expect(again.nodes.map(({ op }) => op)).toEqual(model.nodes.map(({ op }) => op));
  expect(roundings.map(({ name, type }) => `${name} ${type}`)).toEqual(["w1 INT8", "b1 INT32", "w2 INT8"]);
  const [w1, , w2] = roundings;
  const nearest = (value: number) => Math.min(Math.max(Math.round(value / 0.002), -128), 127) * 0.002;
  const [changedW2, storedW2] = [model, again].map((one) => one.parameters.get("w2")!.floats());
  for (const [i, value] of changedW2!.entries()) expect(storedW2![i]).toBeCloseTo(nearest(value), 5);
  for (const { name, count, max, rms, relativeMax, relativeRms } of [w1!, w2!]) {
    const [wanted, stored] = [model, again].map((one) => one.parameters.get(name)!.floats());
    const errors = wanted!.map((value, i) => Math.abs(value - stored![i]!));
    const largest = Math.max(...wanted!.map(Math.abs));
    expect(count).toBe(errors.filter((error) => error > 0).length);
    expect(max).toBeCloseTo(Math.max(...errors), 6);
    expect(rms).toBeCloseTo(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length), 6);
    expect(relativeMax).toBeCloseTo(max / largest, 6);
    expect(relativeRms).toBeCloseTo(rms / largest, 6);
  }
  expect(exportOnnx(again)).toEqual(exported);
  for (const one of [model, again]) one.dispose();
});

it("keeps saturated codes at the end of their range", () => {
  const model = importOnnx(quantisedNetwork());
  const weight = model.parameters.get("w2")!;
  assign(weight, new Float32Array(weight.size).fill(1));
  const { model: exported, roundings } = exportOnnxFiles(model);
  const again = importOnnx(exported);
  expect([...new Set(again.parameters.get("w2")!.floats())]).toEqual([Math.fround(127 * Math.fround(0.002))]);
  expect(roundings).toMatchObject([{ name: "w2", type: "INT8", count: 192 }]);
  expect(roundings[0]!.relativeMax).toBeCloseTo(1 - 0.254, 5);
  for (const one of [model, again]) one.dispose();
});

it("writes weights anew that are several nodes' codes", async () => {
  const scales = [floats("s", [], [0.01]), floats("t", [], [0.02])];
  const file = onnxFile({
    nodes: [
      { op: "DequantizeLinear", inputs: ["q", "s"], outputs: ["a"] },
      { op: "DequantizeLinear", inputs: ["q", "t"], outputs: ["b"] },
      { op: "MatMul", inputs: ["x", "a"], outputs: ["h"] },
      { op: "MatMul", inputs: ["h", "b"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", shape: ["N", 4] }],
    outputs: [{ name: "y" }],
    initializers: [integers("q", [4, 4], 3, bytes(16)), ...scales],
  });
  const model = importOnnx(file);
  const weight = model.parameters.get("a")!;
  assign(weight, numbers(16, 4));
  const { model: exported, roundings } = exportOnnxFiles(model);
  expect(roundings).toEqual([]);
  const x: Values = { x: { dtype: "f32", shape: [3, 4], data: numbers(12, 5) } };
  expect(differences(await runInRuntime(exported, x), runHere(model, x))).toEqual([]);
  model.dispose();
});

it("passes gradients straight through quantised activations, and none through saturated ones", () => {
  const model = importOnnx(quantisedNetwork());
  const gradientOf = (scale: number): Float32Array =>
    scope(() => {
      const x = tensor(
        numbers(96, 5).map((value) => value * scale),
        [3, 2, 4, 4],
      );
      const { outputs } = run(model, x);
      const [gradient] = backward(reduceSum(square(outputs.get("scores")!)), [model.parameters.get("w1")!]);
      return gradient!.floats();
    });
  expect(gradientOf(1).some((value) => value !== 0)).toBe(true);
  // The first layer's outputs are all above the range or below 0.
  const bias = model.parameters.get("b1")!;
  assign(bias, new Float32Array(4).fill(1000));
  expect(gradientOf(1).every((value) => value === 0)).toBe(true);
  model.dispose();
});

it("says why products of integers are digital", () => {
  const file = onnxFile({
    nodes: [
      { op: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["q", "s", "z"] },
      { op: "MatMulInteger", name: "whole", inputs: ["q", "w", "z"], outputs: ["sums"] },
      { op: "Cast", inputs: ["sums"], outputs: ["scores"], attributes: { to: 1 } },
      { op: "Mul", inputs: ["scores", "s"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", shape: [1, 4] }],
    outputs: [{ name: "y" }],
    initializers: [integers("w", [4, 3], 3, bytes(12))],
  });
  const model = importOnnx(file);
  expect([...whyDigital(model)].map(([{ name }, why]) => `${name}: ${why}`)).toEqual([
    "whole: its weights are integers, which no gradient reaches",
  ]);
  expect(warningsOf(model)).toEqual([expect.stringContaining('layers without variation: "whole"')]);
  model.dispose();
});

it("rounds ties to even and saturates all that a range lacks, infinite values too", () => {
  const values = [0.5, 1.5, -0.5, -2.5, 126.5, 1e30, -1e30, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const file = (zero: Tensor) =>
    onnxFile({
      opset: 17,
      nodes: [{ op: "QuantizeLinear", inputs: ["x", "one", "zero"], outputs: ["q"] }],
      inputs: [{ name: "x", shape: ["N"] }],
      outputs: [{ name: "q", shape: ["N"], type: "inferred" }],
      initializers: [floats("one", [], [1]), zero],
    });
  const quantised = (zero: Tensor): number[] => {
    const model = importOnnx(file(zero));
    const { q } = runHere(model, { x: { dtype: "f32", shape: [values.length], data: Float32Array.from(values) } });
    model.dispose();
    return Array.from(q!.data as Int8Array);
  };
  expect(quantised(integers("zero", [], 3, Int8Array.of(0)))).toEqual([0, 2, 0, -2, 126, 127, -128, 127, -128]);
  expect(quantised(integers("zero", [], 2, Uint8Array.of(3)))).toEqual([3, 5, 3, 1, 129, 255, 0, 255, 0]);
});
