import { init } from "@neft/kernels";
import {
  GraphBuilder,
  lenet5,
  type Model,
  modelFromRecord,
  modelToRecord,
  resnet18,
  trainableParameters,
  valueShapes,
  vgg8,
} from "@neft/model";
import { exportOnnx, exportOnnxFiles, importOnnx } from "@neft/onnx";
import { assign, sizeOf } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { includesBytes, memoryKinds, sameBytes } from "../../tensor/test/bytes.js";
import { rangeOf } from "../src/byte-ranges.js";
import { decode } from "../src/message-type.js";
import { ModelProto } from "../src/onnx-proto.js";
import { storages } from "./computed-weights.js";
import { otherNetworks, ownNetworks } from "./networks.js";
import { DataType, type FileNode, floats, numbers, onnxFile, type Tensor } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

function randomInput(model: Model, batch: number): Values {
  const [input] = model.inputs;
  const shape = [batch, ...(input!.shape.slice(1) as number[])];
  return { [input!.name]: { dtype: "f32", shape, data: numbers(sizeOf(shape)) } };
}

/** Moves every trainable weight a little. */
function change(model: Model): void {
  for (const name of trainableParameters(model)) {
    const tensor = model.parameters.get(name)!;
    assign(
      tensor,
      (tensor.toArray() as Float32Array).map((value) => value * 0.75 + 0.01),
    );
  }
}

/** Where a file's initializers have raw_data. */
const rawRanges = (file: Uint8Array) =>
  decode(ModelProto, file).graph!.initializer.flatMap(({ rawData }) => (rawData ? [rangeOf(rawData, file)] : []));

/** Offsets at which two files of equal length differ outside the weights' raw bytes. */
function changedOutside(before: Uint8Array, after: Uint8Array): number[] {
  const inside = new Uint8Array(before.length);
  for (const raw of rawRanges(before)) inside.fill(1, raw.offset, raw.offset + raw.length);
  return [...before.keys()].filter((i) => before[i] !== after[i] && inside[i] === 0);
}

describe("exportOnnx of an imported model", () => {
  beforeAll(() => init());

  it.each([...ownNetworks, ...otherNetworks])("gives $name back byte for byte when nothing changed", ({ bytes }) => {
    const model = importOnnx(bytes);
    expect(sameBytes(exportOnnx(model), bytes)).toBe(true);
    model.dispose();
  });

  it.each([...ownNetworks, ...otherNetworks])("changes nothing but weights of $name", async ({ bytes }) => {
    const model = importOnnx(bytes);
    change(model);
    const exported = exportOnnx(model);
    expect(exported.length).toBe(bytes.length);
    expect(sameBytes(exported, bytes)).toBe(false);
    expect(changedOutside(bytes, exported)).toEqual([]);
    const feeds = randomInput(model, 1);
    expect(differences(runHere(model, feeds), await runInRuntime(exported, feeds))).toEqual([]);
    const again = importOnnx(exported);
    for (const [name, tensor] of model.parameters) {
      expect(sameBytes(bytesOf(again, name), new Uint8Array((tensor.toArray() as Float32Array).buffer))).toBe(true);
    }
    model.dispose();
    again.dispose();
  });

  it.each<[string, Tensor]>([
    ["float_data", { name: "w", dims: [4n, 3n], dataType: DataType.FLOAT, floatData: [...numbers(12, 5)] }],
    ["raw data at an odd offset", { ...floats("w", [4, 3], numbers(12, 5)), docString: "odd" }],
  ])("overwrites a weight in %s", async (_, tensor) => {
    await checkChanged([{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }], [tensor], 4, { sameLength: true });
  });

  it("overwrites a weight in a Constant node", async () => {
    const tensor = floats("w", [4, 3], numbers(12, 5));
    const nodes: FileNode[] = [
      { op: "Constant", inputs: [], outputs: ["w"], attributes: { value: { tensor } } },
      { op: "MatMul", inputs: ["x", "w"], outputs: ["y"] },
    ];
    await checkChanged(nodes, [], 4, { sameLength: true });
  });

  it("overwrites floats of a Constant node's list", async () => {
    const nodes = [
      { op: "Constant", inputs: [], outputs: ["b"], attributes: { value_floats: { floats: [1, 2, 3] } } },
      { op: "Gemm", inputs: ["x", "w", "b"], outputs: ["y"] },
    ];
    await checkChanged(nodes, [floats("w", [4, 3], numbers(12, 5))], 4, { sameLength: true });
  });

  it("overwrites a weight behind Transpose in its own order", async () => {
    const nodes = [
      { op: "Transpose", inputs: ["w"], outputs: ["v"] },
      { op: "MatMul", inputs: ["x", "v"], outputs: ["y"] },
    ];
    await checkChanged(nodes, [floats("w", [3, 4], numbers(12, 5))], 4, { sameLength: true });
  });

  it("overwrites a weight behind Reshape and two Transposes", async () => {
    const nodes = [
      { op: "Transpose", inputs: ["w"], outputs: ["a"], attributes: { perm: [1, 2, 0] } },
      { op: "Reshape", inputs: ["a", "shape"], outputs: ["b"] },
      { op: "Transpose", inputs: ["b"], outputs: ["v"] },
      { op: "MatMul", inputs: ["x", "v"], outputs: ["y"] },
    ];
    const shape: Tensor = { name: "shape", dims: [2n], dataType: DataType.INT64, int64Data: [3n, 4n] };
    await checkChanged(nodes, [floats("w", [2, 3, 2], numbers(12, 5)), shape], 4, { sameLength: true });
  });

  it("writes a folded weight as an initializer", async () => {
    const nodes = [
      { op: "Mul", inputs: ["w", "scale"], outputs: ["v"] },
      { op: "MatMul", inputs: ["x", "v"], outputs: ["y"] },
    ];
    const exported = await checkChanged(nodes, [floats("w", [4, 3], numbers(12, 5)), floats("scale", [], [2])], 4, {
      sameLength: false,
    });
    expect(importOnnx(exported).nodes.map(({ op }) => op)).toEqual(["MatMul"]);
  });

  it("writes doubles and half floats in their own type and keeps unchanged bytes", () => {
    const rawData = new Uint8Array(Float64Array.of(0.1, 0.2, 0.3).buffer);
    const double: Tensor = { name: "w", dims: [3n, 1n], dataType: DataType.DOUBLE, rawData };
    const model = importOnnx(file([matmul], [double], 3));
    const weights = model.parameters.get("w")!.toArray() as Float32Array;
    weights[1] = 5;
    assign(model.parameters.get("w")!, weights);
    const [raw] = rawRanges(exportOnnx(model));
    const bytes = exportOnnx(model).slice(raw!.offset, raw!.offset + raw!.length);
    expect([...new Float64Array(bytes.buffer)]).toEqual([0.1, 5, 0.3]);
  });

  it.each([
    ["half", DataType.FLOAT16, [0x3c00, 0xc000], Uint8Array.of(0, 0x3e, 0, 0xc0)],
    ["bfloat16", DataType.BFLOAT16, [0x3f80, 0xc000], Uint8Array.of(0xc0, 0x3f, 0, 0xc0)],
  ])("writes %s floats stored as integers anew", (_, dataType, int32Data, rawData) => {
    const model = importOnnx(file([matmul], [{ name: "w", dims: [2n, 1n], dataType, int32Data }], 2));
    expect(sameBytes(exportOnnx(model), file([matmul], [{ name: "w", dims: [2n, 1n], dataType, int32Data }], 2))).toBe(
      true,
    );
    assign(model.parameters.get("w")!, Float32Array.of(1.5, -2));
    const exported = exportOnnx(model);
    const [raw] = rawRanges(exported);
    expect(exported.slice(raw!.offset, raw!.offset + raw!.length)).toEqual(rawData);
    expect([...importOnnx(exported).parameters.get("w")!.toArray()]).toEqual([1.5, -2]);
  });

  it.each<[string, (values: Float32Array) => Tensor, string[]]>([
    ["raw halves", (values) => storages["raw half"]!("w", [4, 1], values), ["FLOAT16"]],
    ["halves as integers", (values) => storages["half in int32_data"]!("w", [4, 1], values), ["FLOAT16"]],
    ["raw bfloat16", (values) => storages["raw bfloat16"]!("w", [4, 1], values), ["BFLOAT16"]],
    ["doubles", (values) => storages["raw double"]!("w", [4, 1], values), []],
    ["floats", (values) => floats("w", [4, 1], values), []],
  ])("reports the rounding of %s", (_, make, types) => {
    const model = importOnnx(file([matmul], [make(Float32Array.of(1, 2, 3, 4))], 4));
    expect(exportOnnxFiles(model).roundings).toEqual([]);
    const wanted = Float32Array.of(1, 0.1, 1e-3, -100.3);
    assign(model.parameters.get("w")!, wanted);
    const { model: bytes, roundings } = exportOnnxFiles(model);
    expect(roundings.map(({ type }) => type)).toEqual(types);
    const stored = importOnnx(bytes).parameters.get("w")!.floats();
    const errors = wanted.map((value, i) => Math.abs(value - stored[i]!));
    for (const { name, count, max, rms, relativeMax, relativeRms } of roundings) {
      expect({ name, count, max }).toEqual({ name: "w", count: 3, max: Math.max(...errors) });
      expect(rms).toBeCloseTo(Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / 4), 7);
      expect([relativeMax, relativeRms]).toEqual([max / Math.fround(100.3), rms / Math.fround(100.3)]);
    }
    if (types.length === 0) expect(stored).toEqual(wanted);
  });

  it("keeps numbers finite that are beyond the half floats", () => {
    const model = importOnnx(file([matmul], [storages["raw half"]!("w", [2, 1], Float32Array.of(1, 2))], 2));
    assign(model.parameters.get("w")!, Float32Array.of(1e6, Number.NEGATIVE_INFINITY));
    const { model: bytes, roundings } = exportOnnxFiles(model);
    expect([...importOnnx(bytes).parameters.get("w")!.floats()]).toEqual([65504, Number.NEGATIVE_INFINITY]);
    expect(roundings).toMatchObject([{ name: "w", count: 1, max: 1e6 - 65504 }]);
  });

  it("reports no rounding of halves that are cast and written anew as floats", () => {
    const nodes: FileNode[] = [
      { op: "Cast", inputs: ["w"], outputs: ["c"], attributes: { to: DataType.FLOAT } },
      { op: "Tanh", inputs: ["c"], outputs: ["t"] },
      { op: "MatMul", inputs: ["x", "t"], outputs: ["y"] },
    ];
    const model = importOnnx(file(nodes, [storages["raw half"]!("w", [2, 1], Float32Array.of(1, 2))], 2));
    assign(model.parameters.get("t")!, Float32Array.of(0.1, 0.2));
    const { model: bytes, roundings } = exportOnnxFiles(model);
    expect(roundings).toEqual([]);
    expect([...importOnnx(bytes).parameters.get("t")!.floats()]).toEqual([Math.fround(0.1), Math.fround(0.2)]);
  });

  it("separates running statistics from other readers of the same tensor", async () => {
    const nodes: FileNode[] = [
      { op: "Identity", inputs: ["zeros"], outputs: ["mean"] },
      { op: "BatchNormalization", name: "a", inputs: ["x", "ones", "zeros", "mean", "ones"], outputs: ["t"] },
      { op: "BatchNormalization", name: "b", inputs: ["t", "ones", "zeros", "mean", "ones"], outputs: ["y"] },
    ];
    const bytes = file(nodes, [floats("ones", [2], [1, 1]), floats("zeros", [2], [0, 0])], 2);
    const model = importOnnx(bytes);
    expect(trainableParameters(model)).toEqual(["ones", "zeros"]);
    const running = ["a.running_mean", "a.running_var", "b.running_mean", "b.running_var"];
    expect([...model.parameters.keys()]).toEqual(["ones", "zeros", ...running]);
    expect(sameBytes(exportOnnx(model), bytes)).toBe(true);
    running.forEach((name, i) => {
      assign(model.parameters.get(name)!, Float32Array.of(i + 1, 2 * i + 1));
    });
    const exported = exportOnnx(model);
    const feeds = randomInput(model, 3);
    expect(differences(runHere(model, feeds), await runInRuntime(exported, feeds))).toEqual([]);
    expect(trainableParameters(importOnnx(exported))).toEqual(["ones", "zeros"]);
  });

  it("writes external weights into their own file", () => {
    const entries = [
      { key: "location", value: "weights.bin" },
      { key: "offset", value: "3" },
    ];
    const tensor: Tensor = {
      name: "w",
      dims: [2n, 1n],
      dataType: DataType.FLOAT,
      dataLocation: 1,
      externalData: entries,
    };
    const bytes = file([matmul], [tensor], 2);
    const model = importOnnx(bytes, { externalData: { "weights.bin": new Uint8Array(11) } });
    assign(model.parameters.get("w")!, Float32Array.of(0, 2));
    const files = exportOnnxFiles(model);
    expect(sameBytes(files.model, bytes)).toBe(true);
    expect([...files.external.get("weights.bin")!]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40]);
    expect(() => exportOnnx(model)).toThrow('expected a model in one file, got external weights in "weights.bin"');
  });

  const doubled = { op: "MatMul", inputs: ["x", "v"], outputs: ["z"] };
  const external = (name: string, offset: number, location = "weights.bin"): Tensor => ({
    name,
    dims: [2n, 2n],
    dataType: DataType.FLOAT,
    dataLocation: 1,
    externalData: [
      { key: "location", value: location },
      { key: "offset", value: String(offset) },
      { key: "length", value: "16" },
    ],
  });
  it.each<[string, Tensor[]]>([
    ["the same bytes", [external("w", 0), external("v", 0)]],
    ["overlapping bytes", [external("w", 0), external("v", 8)]],
    ["the same bytes of a file of two spellings", [external("w", 0), external("v", 0, "./weights.bin")]],
  ])("keeps two weights apart that are %s", (_, tensors) => {
    const file = new Uint8Array(numbers(6, 4).buffer);
    const parts = { nodes: [matmul, doubled], initializers: tensors, inputs: [{ name: "x", shape: ["batch", 2] }] };
    const bytes = onnxFile({ ...parts, outputs: [{ name: "y" }, { name: "z" }] });
    const externalData = { "weights.bin": file, "./weights.bin": file };
    const model = importOnnx(bytes, { externalData });
    expect(sameBytes(exportOnnxFiles(model).model, bytes)).toBe(true);
    assign(model.parameters.get("w")!, Float32Array.of(1, 2, 3, 4));
    assign(model.parameters.get("v")!, Float32Array.of(5, 6, 7, 8));
    const files = exportOnnxFiles(model);
    const again = importOnnx(files.model, { externalData: Object.fromEntries(files.external) });
    expect([...again.parameters.get("w")!.toArray()]).toEqual([1, 2, 3, 4]);
    expect([...again.parameters.get("v")!.toArray()]).toEqual([5, 6, 7, 8]);
    expect(files.external.get("weights.bin")).toEqual(file);
  });

  it.each(memoryKinds)("shares no memory with the caller's bytes: %s", (_, make) => {
    const inline = file([matmul], [floats("w", [4, 3], numbers(12, 5))], 4);
    const outside = file([matmul], [external("w", 0)], 2);
    for (const [bytes, data] of [
      [inline, new Uint8Array(16)],
      [outside, new Uint8Array(numbers(4, 6).buffer)],
    ] as const) {
      const [given, weights] = [make(bytes), make(data)];
      const model = importOnnx(given, { externalData: { "weights.bin": weights } });
      change(model);
      const files = exportOnnxFiles(model);
      expect(sameBytes(given, bytes)).toBe(true);
      expect(sameBytes(weights, data)).toBe(true);
      // Later changes to the caller's bytes don't reach the model, nor do changes to exported bytes reach the next export.
      given.fill(1);
      weights.fill(1);
      const { model: first, external: outer } = exportOnnxFiles(model);
      expect(first).toEqual(files.model);
      expect(outer).toEqual(files.external);
      first.fill(2);
      for (const each of outer.values()) each.fill(2);
      expect(exportOnnxFiles(model)).toEqual(files);
    }
  });

  it("separates running statistics read through views that have other readers", async () => {
    const nodes: FileNode[] = [
      { op: "Reshape", inputs: ["row", "channels"], outputs: ["mean"] },
      { op: "Mul", inputs: ["x", "row"], outputs: ["scaled"] },
      { op: "BatchNormalization", name: "bn", inputs: ["scaled", "ones", "ones", "mean", "ones"], outputs: ["y"] },
    ];
    const channels: Tensor = { name: "channels", dims: [1n], dataType: DataType.INT64, int64Data: [-1n] };
    const bytes = file(nodes, [floats("row", [1, 2], [2, 3]), floats("ones", [2], [1, 1]), channels], 2);
    const model = importOnnx(bytes);
    expect([...model.parameters.keys()].sort()).toEqual(["bn.running_mean", "bn.running_var", "ones"]);
    assign(model.parameters.get("bn.running_mean")!, Float32Array.of(-1, 4));
    assign(model.parameters.get("bn.running_var")!, Float32Array.of(2, 3));
    const exported = exportOnnx(model);
    const feeds = randomInput(model, 3);
    expect(differences(runHere(model, feeds), await runInRuntime(exported, feeds))).toEqual([]);
    expect(differences(runHere(importOnnx(exported), feeds), runHere(model, feeds))).toEqual([]);
  });

  it("removes values without readers", () => {
    const nodes: FileNode[] = [
      { op: "Transpose", inputs: ["w"], outputs: ["t"] },
      { op: "Mul", inputs: ["t", "scale"], outputs: ["v"] },
      { op: "Mul", inputs: ["t", "scale"], outputs: ["u"] },
      { op: "MatMul", inputs: ["x", "v"], outputs: ["a"] },
      { op: "MatMul", inputs: ["x", "u"], outputs: ["b"] },
      { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
    ];
    for (const ir of [3, 8]) {
      const inputs = [
        { name: "x", shape: ["batch", 3] },
        ...(ir === 3
          ? [
              { name: "w", shape: [4, 3] },
              { name: "scale", shape: [] },
            ]
          : []),
      ];
      const initializers = [floats("w", [4, 3], numbers(12, 5)), floats("scale", [], [2])];
      const model = importOnnx(onnxFile({ ir, opset: 8, nodes, inputs, outputs: [{ name: "y" }], initializers }));
      change(model);
      const { graph } = decode(ModelProto, exportOnnx(model));
      expect(graph!.node.map(({ opType }) => opType)).toEqual(["MatMul", "MatMul", "Add"]);
      expect(graph!.initializer.map(({ name }) => name)).toEqual(["v"]);
      expect(graph!.input.map(({ name }) => name)).toEqual(ir === 3 ? ["x", "v"] : ["x"]);
    }
  });

  it.each<[string, string, number, string]>([
    ["LeakyRelu", "alpha", 1e39, "expected a number that fits 32 bits, got 1e+39"],
    ["LeakyRelu", "alpha", Number.NaN, "expected a finite number, got NaN"],
    ["Softmax", "axis", 2 ** 63, "expected an integer below 2^53"],
    ["Softmax", "axis", 0.5, "expected an integer, got 0.5"],
    ["Softmax", "alpha", 1, 'expected axis, coerce, got also "alpha"'],
  ])("has no %s whose attribute %s is %d", (op, name, value, message) => {
    const nodes = [{ name: "n", op, inputs: ["x"], outputs: ["y"], attributes: { [name]: value } }];
    const make = () =>
      modelFromRecord({
        name: "m",
        inputs: [{ name: "x", dtype: "f32", shape: ["N", 4] }],
        outputs: [{ name: "y", dtype: "f32", shape: ["N", 4] }],
        nodes,
        parameters: [],
        constants: [],
        isExtended: false,
      });
    expect(make).toThrow(message);
  });

  it("keeps unknown fields when it re-encodes a file", async () => {
    const nodes = [
      { op: "Mul", inputs: ["w", "scale"], outputs: ["v"] },
      { op: "MatMul", inputs: ["x", "v"], outputs: ["y"] },
    ];
    const plain = file(nodes, [floats("w", [4, 3], numbers(12, 5)), floats("scale", [], [2])], 4);
    // Field 99 of the model, with four bytes.
    const unknown = Uint8Array.of(0x9a, 0x06, 4, 1, 2, 3, 4);
    const model = importOnnx(Uint8Array.of(...plain, ...unknown));
    change(model);
    expect(includesBytes(exportOnnx(model), unknown)).toBe(true);
  });
});

const matmul: FileNode = { op: "MatMul", inputs: ["x", "w"], outputs: ["y"] };

function file(nodes: readonly FileNode[], initializers: readonly Tensor[], width: number): Uint8Array {
  return onnxFile({ nodes, initializers, inputs: [{ name: "x", shape: ["batch", width] }], outputs: [{ name: "y" }] });
}

function bytesOf(model: Model, name: string): Uint8Array {
  return new Uint8Array((model.parameters.get(name)!.toArray() as Float32Array).buffer);
}

/** Imports, changes the weights, exports, and checks the file in onnxruntime. */
async function checkChanged(
  nodes: readonly FileNode[],
  initializers: readonly Tensor[],
  width: number,
  { sameLength }: { sameLength: boolean },
): Promise<Uint8Array> {
  const bytes = file(nodes, initializers, width);
  const model = importOnnx(bytes);
  expect(sameBytes(exportOnnx(model), bytes)).toBe(true);
  change(model);
  const exported = exportOnnx(model);
  if (sameLength) expect(exported.length).toBe(bytes.length);
  const feeds = randomInput(model, 3);
  expect(differences(runHere(model, feeds), await runInRuntime(exported, feeds))).toEqual([]);
  expect(differences(await runInRuntime(bytes, feeds), await runInRuntime(exported, feeds))).not.toEqual([]);
  return exported;
}

/** A network with every layer of the builder. */
function everything(): Model {
  const net = new GraphBuilder("everything", { seed: 5 });
  let x = net.input("image", [3, 12, 12]);
  x = net.leakyRelu(net.batchNorm(net.conv2d(x, { outputs: 4, kernel: 3, padding: 1, stride: 1, bias: false })));
  x = net.add(x, net.sigmoid(net.conv2d(x, { outputs: 4, kernel: 3, padding: 1, groups: 4 })));
  x = net.avgPool2d(net.maxPool2d(x, { kernel: 3, stride: 2, padding: 1 }), { kernel: 2, stride: 1, padding: 1 });
  const pooled = net.flatten(net.globalAvgPool(x));
  const hidden = net.dropout(net.tanh(net.linear(net.flatten(x), { outputs: 6 })), { ratio: 0.3 });
  const logits = net.linear(net.node("Concat", [hidden, pooled], { axis: 1 }), { outputs: 3, bias: false });
  return net.build({ probabilities: net.softmax(logits), log: net.logSoftmax(logits) });
}

describe("exportOnnx of a built model", () => {
  beforeAll(() => init());

  it.each<[string, () => Model]>([
    ["LeNet-5", () => lenet5({ seed: 1 })],
    ["VGG-8", () => vgg8({ seed: 1, size: 16 })],
    ["ResNet-18", () => resnet18({ seed: 1, size: 8 })],
    ["every layer", everything],
  ])("%s runs in onnxruntime at batch 1 and 3, and comes back the same", async (_, make) => {
    const model = make();
    const bytes = exportOnnx(model);
    const again = importOnnx(bytes);
    for (const batch of [1, 3]) {
      const feeds = randomInput(model, batch);
      const expected = await runInRuntime(bytes, feeds);
      expect(differences(runHere(model, feeds), expected)).toEqual([]);
      expect(differences(runHere(again, feeds), expected)).toEqual([]);
    }
    expect(again.inputs).toEqual(model.inputs);
    expect(again.outputs).toEqual(model.outputs);
    expect(again.nodes.map(({ name, op }) => [name, op])).toEqual(model.nodes.map(({ name, op }) => [name, op]));
    expect([...again.parameters.keys()].sort()).toEqual([...model.parameters.keys()].sort());
    expect(valueShapes(again, 2)).toEqual(valueShapes(model, 2));
    model.dispose();
    again.dispose();
  });

  it("LeNet-5 has the parameters of the example network", () => {
    const built = lenet5({ seed: 1 });
    const imported = importOnnx(ownNetworks.find(({ name }) => name === "mnist-lenet5.onnx")!.bytes);
    const shapes = (model: Model) => [...model.parameters].map(([name, { shape }]) => [name, [...shape]]);
    expect(shapes(built)).toEqual(shapes(imported));
    expect(built.nodes.map(({ op }) => op)).toEqual(imported.nodes.map(({ op }) => op));
  });

  it.each(ownNetworks)("$name, written as a new file, agrees with the original", async ({ bytes }) => {
    const imported = importOnnx(bytes);
    const copy = modelFromRecord(structuredClone(modelToRecord(imported)));
    const feeds = randomInput(imported, 2);
    expect(differences(runHere(imported, feeds), await runInRuntime(exportOnnx(copy), feeds))).toEqual([]);
    imported.dispose();
    copy.dispose();
  });
});
