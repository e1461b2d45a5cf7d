import { init } from "@neft/kernels";
import { addOperators, arrayNodes, bindModel, type Model, trainableParameters, valueShapes } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, externalFilesOf, importOnnx } from "@neft/onnx";
import { assign, sizeOf } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import {
  DataType,
  type FileNode,
  type FileParts,
  floats,
  int64s,
  numbers,
  onnxFile,
  type Tensor,
} from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Value } from "./runtime.js";

const input = (shape: number[], seed = 3): Value => ({
  dtype: "f32",
  shape,
  data: numbers(sizeOf(shape), seed),
});

/** Imports a file with input "x" and output "y", checks it against onnxruntime, and returns the model. */
async function imported(parts: Omit<FileParts, "inputs" | "outputs"> & Partial<FileParts>, x: Value): Promise<Model> {
  const bytes = onnxFile({
    inputs: [{ name: "x", shape: ["batch", ...x.shape.slice(1)] }],
    outputs: [{ name: "y" }],
    ...parts,
  });
  const model = importOnnx(bytes);
  expect(differences(runHere(model, { x }), await runInRuntime(bytes, { x }))).toEqual([]);
  return model;
}

const weight = floats("w", [4, 3], numbers(12, 5));
const matmul = (inputs: string[], output = "y") => ({ op: "MatMul", inputs, outputs: [output] });

describe("importOnnx", () => {
  beforeAll(() => init());

  it("takes a weight behind Identity as the weight", async () => {
    const nodes = [{ op: "Identity", inputs: ["w"], outputs: ["v"] }, matmul(["x", "v"])];
    const model = await imported({ nodes, initializers: [weight] }, input([2, 4]));
    expect(arrayNodes(model)).toMatchObject([{ weight: "w", layout: "io", inputs: 4, outputs: 3 }]);
    expect(model.nodes).toHaveLength(1);
  });

  it("takes a weight behind Transpose as the weight", async () => {
    const nodes = [{ op: "Transpose", inputs: ["w"], outputs: ["v"] }, matmul(["x", "v"])];
    const model = await imported({ nodes, initializers: [weight] }, input([2, 3]));
    expect(arrayNodes(model)).toMatchObject([{ weight: "v", layout: "io", inputs: 3, outputs: 4 }]);
  });

  it("takes a weight behind two equal Transposes as one weight", async () => {
    const nodes = [
      { op: "Transpose", inputs: ["w"], outputs: ["v"] },
      { op: "Transpose", inputs: ["w"], outputs: ["u"] },
      matmul(["x", "v"], "a"),
      matmul(["x", "u"], "b"),
      { op: "Add", inputs: ["a", "b"], outputs: ["y"] },
    ];
    const model = await imported({ nodes, initializers: [weight] }, input([2, 3]));
    expect(arrayNodes(model).map((node) => node.weight)).toEqual(["v", "v"]);
    expect([...model.parameters.keys()]).toEqual(["v"]);
  });

  it("keeps one parameter when a weight is read both directly and transposed", async () => {
    const square = floats("w", [4, 4], numbers(16, 5));
    const nodes = [{ op: "Transpose", inputs: ["w"], outputs: ["v"] }, matmul(["x", "w"], "a"), matmul(["a", "v"])];
    const model = await imported({ nodes, initializers: [square] }, input([2, 4]));
    expect([...model.parameters.keys()]).toEqual(["w"]);
  });

  it("takes the Add behind a MatMul as its bias, and no other", async () => {
    const nodes = [
      { op: "Sub", inputs: ["x", "mean"], outputs: ["centred"] },
      matmul(["centred", "w"], "sum"),
      { op: "Add", inputs: ["bias", "sum"], outputs: ["biased"] },
      { op: "Add", inputs: ["biased", "three"], outputs: ["y"] },
    ];
    const initializers = [
      weight,
      floats("bias", [3], [1, 2, 3]),
      floats("mean", [4], [1, 0, 1, 0]),
      floats("three", [], [3]),
    ];
    const model = await imported({ nodes, initializers }, input([2, 4]));
    expect(trainableParameters(model).sort()).toEqual(["bias", "w"]);
    expect([...model.constants.keys()].sort()).toEqual(["mean", "three"]);
  });

  it("takes the Add behind a Conv as its bias", async () => {
    const nodes = [
      { op: "Conv", inputs: ["x", "w"], outputs: ["c"] },
      { op: "Add", inputs: ["c", "bias"], outputs: ["y"] },
    ];
    const initializers = [floats("w", [2, 1, 3, 3], numbers(18)), floats("bias", [1, 2, 1, 1], [1, -1])];
    const model = await imported({ nodes, initializers }, input([2, 1, 4, 4]));
    expect(trainableParameters(model)).toEqual(["w", "bias"]);
  });

  it("takes parts of one tensor, and a choice between two, as weights of their own", async () => {
    const nodes: FileNode[] = [
      { op: "Split", inputs: ["w"], outputs: ["left", "right"], attributes: { axis: 1 } },
      { op: "Where", inputs: ["mask", "v", "u"], outputs: ["chosen"] },
      { op: "MatMul", inputs: ["x", "left"], outputs: ["a"] },
      { op: "MatMul", inputs: ["a", "right"], outputs: ["b"] },
      { op: "MatMul", inputs: ["b", "chosen"], outputs: ["y"] },
    ];
    addOperators(moreOperators);
    const bytes = onnxFile({
      opset: 13,
      nodes,
      inputs: [{ name: "x", shape: ["N", 2] }],
      outputs: [{ name: "y" }],
      initializers: [
        floats("w", [2, 4], numbers(8, 2)),
        floats("v", [2, 2], numbers(4, 3)),
        floats("u", [2, 2], numbers(4, 4)),
        { name: "mask", dims: [2n, 2n], dataType: 9, rawData: Uint8Array.of(1, 0, 0, 1) },
      ],
    });
    const model = importOnnx(bytes);
    expect(arrayNodes(model).map(({ weight }) => weight)).toEqual(["left", "right", "chosen"]);
    expect([...model.parameters.keys()].sort()).toEqual(["chosen", "left", "right"]);
    for (const weight of model.parameters.values())
      assign(
        weight,
        weight.floats().map((value) => value / 2 + 0.1),
      );
    const x = { x: { dtype: "f32", shape: [3, 2], data: numbers(6, 5) } } as const;
    expect(differences(await runInRuntime(exportOnnx(model), x), runHere(model, x))).toEqual([]);
    model.dispose();
  });

  it("excludes running statistics from the trainable parameters", async () => {
    const vector = (name: string, values: number[]) => floats(name, [2], values);
    const nodes = [{ op: "BatchNormalization", inputs: ["x", "g", "b", "m", "v"], outputs: ["y"] }];
    const initializers = [vector("g", [1, 2]), vector("b", [0, 1]), vector("m", [0.5, 0]), vector("v", [1, 2])];
    const model = await imported({ nodes, initializers }, input([3, 2]));
    expect([...model.parameters.keys()]).toEqual(["g", "b", "m", "v"]);
    expect(trainableParameters(model)).toEqual(["g", "b"]);
  });

  it.each<[string, Tensor]>([
    ["raw data", weight],
    ["float_data", { name: "w", dims: [4n, 3n], dataType: DataType.FLOAT, floatData: [...numbers(12, 5)] }],
    ["a double's raw data", { ...weight, dataType: DataType.DOUBLE, rawData: doubles(numbers(12, 5)) }],
    ["double_data", { name: "w", dims: [4n, 3n], dataType: DataType.DOUBLE, doubleData: [...numbers(12, 5)] }],
  ])("reads a weight from %s", (_, tensor) => {
    const model = importOnnx(lone(tensor));
    expect([...model.parameters.get("w")!.toArray()]).toEqual([...numbers(12, 5)]);
  });

  it.each([
    ["half floats as raw data", { dataType: DataType.FLOAT16, rawData: Uint8Array.of(0, 0x3c, 0, 0xc0) }],
    ["half floats as int32_data", { dataType: DataType.FLOAT16, int32Data: [0x3c00, 0xc000] }],
    ["bfloat16 as raw data", { dataType: DataType.BFLOAT16, rawData: Uint8Array.of(0x80, 0x3f, 0, 0xc0) }],
    ["bfloat16 as int32_data", { dataType: DataType.BFLOAT16, int32Data: [0x3f80, 0xc000] }],
  ])("reads a weight from %s", (_, parts) => {
    const model = importOnnx(lone({ name: "w", dims: [2n, 1n], ...parts }));
    expect([...model.parameters.get("w")!.toArray()]).toEqual([1, -2]);
  });

  it("reads weights from an external file", () => {
    const entries = [
      { key: "location", value: "weights.bin" },
      { key: "offset", value: "3" },
      { key: "length", value: "8" },
    ];
    const bytes = lone({ name: "w", dims: [2n, 1n], dataType: DataType.FLOAT, dataLocation: 1, externalData: entries });
    const file = new Uint8Array(11);
    new DataView(file.buffer).setFloat32(3, 1.5, true);
    expect(externalFilesOf(bytes)).toEqual(["weights.bin"]);
    const model = importOnnx(bytes, { externalData: { "weights.bin": file } });
    expect([...model.parameters.get("w")!.toArray()]).toEqual([1.5, 0]);
    expect(() => importOnnx(bytes)).toThrow(
      'initializer "w": expected the bytes of the external file "weights.bin", got none: pass them as externalData',
    );
    expect(() => importOnnx(bytes, { externalData: { "weights.bin": file.slice(0, 10) } })).toThrow(
      'initializer "w": expected a range inside the 10 bytes of "weights.bin", got 8 bytes from offset 3',
    );
  });

  it("reads constants as weights", async () => {
    const nodes: FileNode[] = [
      { op: "Constant", inputs: [], outputs: ["w"], attributes: { value: { tensor: weight } } },
      matmul(["x", "w"]),
    ];
    const model = await imported({ nodes }, input([2, 4]));
    expect(arrayNodes(model).map((node) => node.weight)).toEqual(["w"]);
  });

  it("reads files of old IR versions, where initializers are inputs too", async () => {
    const inputs = [
      { name: "x", shape: [1, 4] },
      { name: "w", shape: [4, 3] },
    ];
    const model = await imported(
      { ir: 3, opset: 8, nodes: [matmul(["x", "w"])], inputs, initializers: [weight] },
      input([1, 4]),
    );
    expect(model.inputs).toEqual([{ name: "x", dtype: "f32", shape: ["N", 4] }]);
  });

  it("evaluates shape arithmetic at run time, at any batch size", async () => {
    const nodes = [
      { op: "Shape", inputs: ["x"], outputs: ["s"] },
      { op: "Gather", inputs: ["s", "zero"], outputs: ["n"] },
      { op: "Unsqueeze", inputs: ["n", "axis"], outputs: ["n1"] },
      { op: "Mul", inputs: ["three", "four"], outputs: ["twelve"] },
      { op: "Concat", inputs: ["n1", "twelve"], outputs: ["target"], attributes: { axis: 0 } },
      { op: "Reshape", inputs: ["x", "target"], outputs: ["y"] },
    ];
    const initializers = [int64s("zero", [0], []), int64s("axis", [0]), int64s("three", [3]), int64s("four", [4])];
    const model = await imported({ nodes, initializers }, input([2, 3, 4]));
    expect(model.nodes.map(({ op }) => op)).toEqual(["Shape", "Gather", "Unsqueeze", "Concat", "Reshape"]);
    expect(runHere(model, { x: input([5, 3, 4]) }).y!.shape).toEqual([5, 12]);
  });

  it("accepts shapes that depend on data", async () => {
    const nodes = [
      { op: "Cast", inputs: ["x"], outputs: ["s"], attributes: { to: DataType.INT64 } },
      { op: "Reshape", inputs: ["four", "s"], outputs: ["y"] },
    ];
    const initializers = [floats("four", [4], [1, 2, 3, 4])];
    const inputs = [{ name: "x", shape: [2] }];
    const x: Value = { dtype: "f32", shape: [2], data: Float32Array.of(2, 2) };
    const model = await imported({ nodes, initializers, inputs }, x);
    expect(() => valueShapes(model)).toThrow(
      'node "Reshape_1" (Reshape): expected input 1 to depend on shapes and constants only, got one that depends on data',
    );
  });

  it("rebatches a fixed batch in Reshape constants", async () => {
    const nodes = [
      { op: "Transpose", inputs: ["x"], outputs: ["t"], attributes: { perm: [0, 2, 1] } },
      { op: "Reshape", inputs: ["t", "rows"], outputs: ["r"] },
      { op: "Reshape", inputs: ["r", "back"], outputs: ["b"] },
      { op: "Reshape", inputs: ["b", "flat"], outputs: ["f"] },
      { op: "Reshape", inputs: ["f", "flat"], outputs: ["y"] },
    ];
    const initializers = [int64s("rows", [-1, 3]), int64s("back", [1, -1, 3]), int64s("flat", [1, 12])];
    const inputs = [{ name: "x", shape: [1, 3, 4] }];
    const model = await imported({ nodes, initializers, inputs }, input([1, 3, 4]));
    expect(model.inputs[0]!.shape).toEqual(["N", 3, 4]);
    const [one, two] = [input([1, 3, 4], 7), input([1, 3, 4], 8)];
    const both: Value = {
      dtype: "f32",
      shape: [2, 3, 4],
      data: Float32Array.of(...(one.data as Float32Array), ...(two.data as Float32Array)),
    };
    const rows = [one, two].flatMap((x) => [...(runHere(model, { x }).y!.data as Float32Array)]);
    expect([...(runHere(model, { x: both }).y!.data as Float32Array)]).toEqual(rows);
  });

  it("keeps a batch fixed where samples mix", async () => {
    const nodes = [{ op: "Reshape", inputs: ["x", "mixed"], outputs: ["y"] }];
    const model = await imported(
      { nodes, initializers: [int64s("mixed", [3, 2])], inputs: [{ name: "x", shape: [2, 3] }] },
      input([2, 3]),
    );
    expect(model.inputs[0]!.shape).toEqual([2, 3]);
  });

  it("names the batch axis N and gives other symbols different names", () => {
    const bytes = onnxFile({
      nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y"] }],
      inputs: [{ name: "x", shape: ["batch", "N", -1] }],
      outputs: [{ name: "y", shape: ["batch", "N", 3] }],
    });
    const model = importOnnx(bytes);
    expect(model.inputs[0]!.shape).toEqual(["N", "N_other", "x_2"]);
    expect(model.outputs[0]!.shape).toEqual(["N", "N_other", 3]);
  });

  it("gives outputs the sizes that follow from the inputs, and the file's symbols where the batch goes in", () => {
    const shapeOf = (batch: number | string, declared: (number | string)[]) =>
      importOnnx(
        onnxFile({
          nodes: [matmul(["x", "w"])],
          initializers: [weight],
          inputs: [{ name: "x", shape: [batch, 4] }],
          outputs: [{ name: "y", shape: declared }],
        }),
      ).outputs[0]!.shape;
    const [, classes] = weight.dims!.map(Number);
    expect(shapeOf("batch", ["batch", "classes"])).toEqual(["N", classes]);
    expect(shapeOf("batch", ["rows", "rows"])).toEqual(["rows", classes]);
    expect(shapeOf(2, ["batch", "classes"])).toEqual(["N", classes]);
  });

  it("finds the logits before a final softmax", async () => {
    const nodes = [matmul(["x", "w"], "z"), { op: "Softmax", inputs: ["z"], outputs: ["y"] }];
    const model = await imported({ nodes, initializers: [weight] }, input([2, 4]));
    expect(bindModel(model, [4]).logits).toBe("z");
  });

  it("gives unnamed nodes unique names", () => {
    const bytes = onnxFile({
      nodes: [
        { op: "Relu", inputs: ["x"], outputs: ["a"] },
        { op: "Relu", name: "Relu_0", inputs: ["a"], outputs: ["y"] },
      ],
      inputs: [{ name: "x", shape: [1, 2] }],
      outputs: [{ name: "y" }],
    });
    expect(importOnnx(bytes).nodes.map(({ name }) => name)).toEqual(["Relu_0", "Relu_0_2"]);
  });
});

function doubles(values: Float32Array): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer);
}

/** A file whose only weight is a given tensor [k, n]. */
function lone(tensor: Tensor): Uint8Array {
  return onnxFile({
    nodes: [matmul(["x", "w"])],
    inputs: [{ name: "x", shape: ["batch", Number(tensor.dims![0])] }],
    outputs: [{ name: "y" }],
    initializers: [tensor],
  });
}
