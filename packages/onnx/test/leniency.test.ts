import { init } from "@neft/kernels";
import { warningsOf } from "@neft/model";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { DataType, type FileNode, floats, int64s, numbers, onnxFile, type Tensor } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Value } from "./runtime.js";

const x: Value = { dtype: "f32", shape: [3, 4, 1], data: numbers(12) };

// Files that the standard forbids or barely allows, but that exporters wrote and runtimes read.
async function checkAgainstRuntime(
  opset: number,
  node: FileNode,
  initializers: readonly Tensor[] = [],
  runtimeOpset = opset,
): Promise<void> {
  const file = (version: number) =>
    onnxFile({
      opset: version,
      nodes: [node],
      inputs: [{ name: "x", shape: [...x.shape] }],
      outputs: [{ name: "y" }],
      initializers,
    });
  expect(differences(runHere(importOnnx(file(opset)), { x }), await runInRuntime(file(runtimeOpset), { x }))).toEqual(
    [],
  );
}

describe("importOnnx reads", () => {
  beforeAll(() => init());

  const withAxis = (op: string, attributes: FileNode["attributes"], inputs: string[] = ["x"]): FileNode => ({
    op,
    inputs,
    outputs: ["y"],
    ...(attributes && { attributes }),
  });
  it.each([7, 8, 9, 10])("negative axes in opset %i", async (opset) => {
    const nodes: FileNode[] = [
      withAxis("Softmax", { axis: -1 }),
      withAxis("Softmax", { axis: -2 }),
      withAxis("LogSoftmax", { axis: -2 }),
      withAxis("Gather", { axis: -2 }, ["x", "rows"]),
      withAxis("Concat", { axis: -2 }, ["x", "x"]),
      withAxis("Squeeze", { axes: [-1] }),
      withAxis("Unsqueeze", { axes: [-1] }),
      withAxis("ReduceMean", { axes: [-2], keepdims: 0 }),
      ...(opset < 10 ? [withAxis("Slice", { starts: [1], ends: [3], axes: [-2] })] : []),
    ];
    for (const node of nodes) await checkAgainstRuntime(opset, node, [int64s("rows", [2, 0])]);
    // onnxruntime accepts this one from opset 11 on only.
    await checkAgainstRuntime(opset, withAxis("Flatten", { axis: -1 }), [], 11);
  });

  const infinity = Number.POSITIVE_INFINITY;
  it.each([7, 10])("infinite bounds and fillings in opset %i", async (opset) => {
    const bounds: FileNode["attributes"][] = [
      { min: { float: 0 }, max: { float: infinity } },
      { min: { float: -infinity }, max: { float: 0.5 } },
      { min: { float: -infinity }, max: { float: infinity } },
    ];
    for (const attributes of bounds) await checkAgainstRuntime(opset, withAxis("Clip", attributes));
    const pads = [0, 1, 0, 0, 1, 0];
    await checkAgainstRuntime(opset, withAxis("Pad", { pads, value: { float: -infinity } }));
  });

  it("infinite bounds as inputs", async () => {
    const node = withAxis("Clip", {}, ["x", "low", "high"]);
    await checkAgainstRuntime(13, node, [floats("low", [], [0]), floats("high", [], [infinity])]);
  });

  it("refuses NaN as bounds, and infinities where only finite numbers make sense", () => {
    const file = (op: string, attributes: FileNode["attributes"]) =>
      onnxFile({
        opset: 10,
        nodes: [withAxis(op, attributes)],
        inputs: [{ name: "x", shape: [1, 2] }],
        outputs: [{ name: "y" }],
      });
    expect(() => importOnnx(file("Clip", { min: { float: Number.NaN } }))).toThrow("min: expected a number, got NaN");
    expect(() => importOnnx(file("LeakyRelu", { alpha: { float: infinity } }))).toThrow(
      "alpha: expected a finite number, got Infinity",
    );
  });

  const unread: readonly [string, Tensor][] = [
    ["texts", { dataType: DataType.STRING, dims: [2n], stringData: [Uint8Array.of(97), Uint8Array.of(98)] }],
    ["complex numbers", { dataType: DataType.COMPLEX64, dims: [1n], floatData: [1, 2] }],
    ["a type that isn't known yet", { dataType: 99, dims: [1n] }],
  ];
  it.each(unread)("unused initializers: %s", (_, tensor) => {
    const relu: FileNode = { op: "Relu", inputs: ["x"], outputs: ["y"] };
    const constant: FileNode = { op: "Constant", inputs: [], outputs: ["c"], attributes: { value: { tensor } } };
    const parts = { inputs: [{ name: "x", shape: ["N", 2] }], outputs: [{ name: "y" }] };
    expect(
      importOnnx(onnxFile({ ...parts, nodes: [relu], initializers: [{ ...tensor, name: "w" }] })).nodes,
    ).toHaveLength(1);
    // The same for a node without readers.
    const reader: FileNode = { op: "Identity", inputs: ["w"], outputs: ["z"] };
    const initializers = [{ ...tensor, name: "w" }];
    expect(importOnnx(onnxFile({ ...parts, nodes: [relu, reader], initializers })).nodes).toHaveLength(1);
    expect(importOnnx(onnxFile({ ...parts, nodes: [relu, constant] })).nodes).toHaveLength(1);
    const used: FileNode[] = [{ op: "Add", inputs: ["x", "w"], outputs: ["y"] }];
    expect(() => importOnnx(onnxFile({ ...parts, nodes: used, initializers }))).toThrow(
      'initializer "w": expected one of the data types',
    );
  });

  it("sparse initializers and unknown operators that no output needs", () => {
    const parts = { inputs: [{ name: "x", shape: ["N", 2] }], outputs: [{ name: "y" }] };
    const relu: FileNode = { op: "Relu", inputs: ["x"], outputs: ["y"] };
    const sparse = [floats("w", [1], [3])];
    const dead: FileNode[] = [
      { op: "Identity", inputs: ["w"], outputs: ["v"] },
      { op: "Unheard", domain: "custom", inputs: ["v", "x"], outputs: ["z"] },
    ];
    expect(importOnnx(onnxFile({ ...parts, nodes: [...dead, relu], sparse })).nodes.map(({ name }) => name)).toEqual([
      "Relu_2",
    ]);
    const used: FileNode[] = [{ op: "Add", inputs: ["x", "w"], outputs: ["y"] }];
    expect(() => importOnnx(onnxFile({ ...parts, nodes: used, sparse }))).toThrow(
      'initializer "w": expected a dense tensor, got a sparse one',
    );
  });
});

describe("warningsOf", () => {
  beforeAll(() => init());

  const bool = (name: string, value: number): Tensor => ({
    name,
    dims: [],
    dataType: DataType.BOOL,
    rawData: Uint8Array.of(value),
  });
  it.each<[string, string[], boolean]>([
    ["without inputs of its own", ["x"], false],
    ["in evaluation mode", ["x", "half", "off"], false],
    ["in training mode", ["x", "half", "on"], true],
    ["in training mode with the default ratio", ["x", "", "on"], true],
    ["in training mode that is made by a node", ["x", "half", "made"], true],
    ["in training mode that drops nothing", ["x", "none", "on"], false],
  ])("names dropouts that the file has drop values in every run: %s", (_, inputs, isNamed) => {
    const model = importOnnx(
      onnxFile({
        opset: 13,
        nodes: [
          { op: "Cast", inputs: ["one"], outputs: ["made"], attributes: { to: DataType.BOOL } },
          { op: "Dropout", name: "drop", inputs, outputs: ["y"] },
        ],
        inputs: [{ name: "x", shape: ["N", 4] }],
        outputs: [{ name: "y" }],
        initializers: [
          floats("half", [], [0.5]),
          floats("none", [], [0]),
          floats("one", [], [1]),
          bool("on", 1),
          bool("off", 0),
        ],
      }),
    );
    const warning =
      'dropouts in training mode: "drop": the file drops values there in every run; they are read as in evaluation mode, and drop values in finetuning alone';
    expect(warningsOf(model)).toEqual(isNamed ? [warning] : []);
    model.dispose();
  });
});
