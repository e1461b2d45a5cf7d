import { init } from "@neft/kernels";
import { addOperators, run, valueShapes } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx, OnnxError } from "@neft/onnx";
import { noGrad, scope, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { DataType, type FileNode, type FileParts, floats, graphProto, int64s, onnxFile } from "./onnx-file.js";

addOperators(moreOperators);

const { FLOAT, INT64, UINT64, INT32, UINT8 } = DataType;
const node = (op: string, inputs: string[], attributes: FileNode["attributes"] = {}): FileNode => ({
  ...{ op, name: "n", inputs, outputs: ["y"] },
  attributes,
});
const file = (one: FileNode, parts: Partial<FileParts> = {}) =>
  onnxFile({ opset: 26, nodes: [one], inputs: [{ name: "x", shape: [2, 3] }], outputs: [{ name: "y" }], ...parts });
const input = (name: string, type: number, shape: readonly number[]) => ({ name, type, shape });

const body = (inputs: readonly string[], outputs: readonly string[]) =>
  graphProto({
    nodes: [{ op: "Relu", inputs: ["s"], outputs: ["t"] }],
    inputs: inputs.map((name) => ({ name })),
    outputs: outputs.map((name) => ({ name })),
  });
const scan = (inputs: readonly string[], outputs: readonly string[]) =>
  file(node("Scan", ["h", "x"], { body: body(inputs, outputs), num_scan_inputs: 1 }), {
    inputs: [input("h", FLOAT, [3]), input("x", FLOAT, [2, 3])],
  });

// What mutated files found: each ended with an error of the language, a hang or a full heap before.
describe("importOnnx refuses", () => {
  beforeAll(() => init());

  it.each<[string, Uint8Array, string]>([
    [
      "an absent member of a list",
      file(node("Concat", ["x", "", "x"], { axis: 0 })),
      "expected inputs that are all present, got an absent one",
    ],
    [
      "a padding of another dtype",
      file(node("Pad", ["x", "pads", "v"]), {
        inputs: [input("x", INT64, [2]), input("v", INT32, [])],
        initializers: [int64s("pads", [1, 1])],
      }),
      'node "n" (Pad): expected input 2 as i64, got i32',
    ],
    [
      "a zero point of another dtype",
      file(node("MatMulInteger", ["x", "x", "z"]), { inputs: [input("x", UINT8, [2, 2]), input("z", INT64, [])] }),
      'node "n" (MatMulInteger): expected input 2 as u8, got i64',
    ],
    [
      "bounds of two dtypes",
      file(node("Range", ["x", "l", "x"]), { inputs: [input("x", FLOAT, []), input("l", INT64, [])] }),
      'node "n" (Range): expected input 1 as f32, got i64',
    ],
    [
      "more parts than anything has",
      file(node("Split", ["x"], { num_outputs: 2 ** 31 })),
      'node "n" (Split): num_outputs: expected 1 to 65536, got 2147483648',
    ],
    [
      "an output of a body without a name",
      scan(["s", "i"], ["", "t"]),
      'graph in node "n": expected inputs and outputs with names, got one without',
    ],
    [
      "two inputs of a body of one name",
      scan(["s", "s"], ["t"]),
      'graph in node "n": expected inputs of different names, got two "s"',
    ],
    ["a body with too few inputs", scan(["s"], ["t"]), 'node "n" (Scan): expected a graph of 2 inputs, got one of 1'],
    [
      "a body with too few outputs",
      scan(["s", "i"], []),
      'node "n" (Scan): expected a body of 1 or more outputs, got 0',
    ],
    [
      "an axis that tracking reads",
      file(node("CumProd", ["x", "axis"]), { initializers: [int64s("axis", [7], [])] }),
      'node "n" (CumProd): axis: expected an axis from -2 to 1, got 7',
    ],
  ])("%s", (_, bytes, message) => {
    const run = () => importOnnx(bytes);
    expect(run).toThrow(OnnxError);
    expect(run).toThrow(message);
  });

  it("regions with more samples than fit in memory, when they are known", () => {
    const model = importOnnx(
      file(node("RoiAlign", ["x", "r", "b"], { sampling_ratio: 4096 }), {
        inputs: [input("x", FLOAT, [1, 1, 4, 4]), input("r", FLOAT, [1, 4])],
        initializers: [int64s("b", [0])],
      }),
    );
    const feeds = { x: tensor(new Float32Array(16), [1, 1, 4, 4]), r: tensor([0, 0, 2, 2], [1, 4]) };
    expect(() => scope(() => noGrad(() => run(model, feeds)))).toThrow(
      'node "n" (RoiAlign): roiAlign: expected regions of at most 1048576 samples, got [0, 0, 2, 2]',
    );
  });

  it("a resize of no elements to too many", () => {
    const model = importOnnx(
      file(node("Resize", ["x", "", "f"]), {
        inputs: [input("x", FLOAT, [0, 2])],
        initializers: [floats("f", [2], [1, 3e38])],
      }),
    );
    expect(() => valueShapes(model)).toThrow(
      'node "n" (Resize): resize: expected a result of at most 268435456 elements, got [0, ',
    );
  });
});

describe("an operator of integers", () => {
  it("sums 64-bit ones without a sign", () => {
    const model = importOnnx(file(node("Einsum", ["x"], { equation: "i->" }), { inputs: [input("x", UINT64, [2])] }));
    const x = tensor([2n ** 63n, 5n], [2], "u64");
    const { outputs } = scope(() => noGrad(() => run(model, x)));
    expect(outputs.get("y")!.values()).toEqual(BigUint64Array.of(2n ** 63n + 5n));
  });
});
