import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { init } from "@neft/kernels";
import type { Model } from "@neft/model";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { AttributeProtoSchema, FunctionProtoSchema, ModelProtoSchema, NodeProtoSchema } from "./onnx_pb.js";
import { AttributeType, attributeProto, type FileNode, floats, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
type FunctionInit = MessageInitShape<typeof FunctionProtoSchema>;

const reference = (name: string, refAttrName: string, type: AttributeType) =>
  create(AttributeProtoSchema, { name, refAttrName, type });

/** A file whose nodes call functions of the domain "custom". */
function fileWith(
  functions: readonly FunctionInit[],
  nodes: readonly FileNode[],
  more: Parameters<typeof onnxFile>[0],
) {
  const model = fromBinary(ModelProtoSchema, onnxFile({ ...more, nodes }));
  model.functions = functions.map((one) =>
    create(FunctionProtoSchema, {
      domain: "custom",
      opsetImport: [
        { domain: "", version: 17n },
        { domain: "custom", version: 1n },
      ],
      ...one,
    }),
  );
  return toBinary(ModelProtoSchema, model);
}

const node = (opType: string, input: string[], output: string[], more: NodeInit = {}) =>
  create(NodeProtoSchema, { opType, input, output, ...more });

/** leak(x·w, slope), scaled by a constant that the function holds. */
const layer: FunctionInit = {
  name: "Layer",
  input: ["x", "w"],
  output: ["y"],
  attribute: ["slope"],
  node: [
    node("MatMul", ["x", "w"], ["product"]),
    node("LeakyRelu", ["product"], ["leaky"], { attribute: [reference("alpha", "slope", AttributeType.FLOAT)] }),
    node("Constant", [], ["scale"], {
      attribute: [attributeProto("value", { tensor: floats("", [4], [1, 2, 0.5, -1]) })],
    }),
    node("Mul", ["leaky", "scale"], ["y"]),
  ],
};

/** Two layers with one weight each. */
const twice: FunctionInit = {
  name: "Twice",
  input: ["x", "w"],
  output: ["z"],
  node: [
    node("Layer", ["x", "w"], ["h"], { domain: "custom", attribute: [attributeProto("slope", { float: 0.5 })] }),
    node("Layer", ["h", "w"], ["z"], { domain: "custom" }),
  ],
};

const call = (op: string, inputs: string[], outputs: string[], attributes = {}): FileNode => ({
  op,
  domain: "custom",
  inputs,
  outputs,
  attributes,
});

const parts = {
  nodes: [],
  inputs: [{ name: "x", shape: ["N", 4] }],
  outputs: [{ name: "y" }],
  initializers: [floats("w", [4, 4], numbers(16))],
};

const x: Values = { x: { dtype: "f32", shape: [3, 4], data: numbers(12, 7) } };

function change(model: Model, name: string): void {
  const parameter = model.parameters.get(name)!;
  assign(
    parameter,
    parameter.floats().map((value) => value * 1.5 + 0.25),
  );
}

describe("functions of a file", () => {
  beforeAll(() => init());

  const nested = fileWith([layer, twice], [call("Twice", ["x", "w"], ["y"])], parts);

  it("are inlined, with attributes and constants of their own", async () => {
    const model = importOnnx(nested);
    expect(model.nodes.map(({ op }) => op)).toEqual(["MatMul", "LeakyRelu", "Mul", "MatMul", "LeakyRelu", "Mul"]);
    expect(model.nodes.filter(({ op }) => op === "LeakyRelu").map(({ attributes }) => attributes)).toEqual([
      { alpha: 0.5 },
      {},
    ]);
    expect(differences(runHere(model, x), await runInRuntime(nested, x))).toEqual([]);
    model.dispose();
  });

  it("are exported with changed weights", async () => {
    for (const name of ["w"]) {
      const model = importOnnx(nested);
      change(model, name);
      const bytes = exportOnnx(model);
      expect(differences(runHere(model, x), await runInRuntime(bytes, x))).toEqual([]);
      expect(bytes.length).toBe(nested.length);
      model.dispose();
    }
  });

  it("may be called several times by nodes of one name", async () => {
    const calls = [
      call("Twice", ["x", "w"], ["t"]),
      call("Layer", ["t", "w"], ["u"]),
      call("Layer", ["u", "w"], ["y"]),
    ];
    const namedSame = calls.map((one): FileNode => ({ ...one, name: "same" }));
    const model = importOnnx(fileWith([layer, twice], namedSame, parts));
    expect(new Set(model.nodes.map(({ name }) => name)).size).toBe(12);
    // onnxruntime takes files whose nodes have names of their own only.
    expect(differences(runHere(model, x), await runInRuntime(fileWith([layer, twice], calls, parts), x))).toEqual([]);
    change(model, "w");
    const again = importOnnx(exportOnnx(model));
    expect(runHere(again, x)).toEqual(runHere(model, x));
    again.dispose();
    model.dispose();
  });

  it("share no bytes when they are called twice", async () => {
    const held: FunctionInit = {
      name: "Held",
      input: ["x"],
      output: ["y"],
      node: [
        node("Constant", [], ["w"], {
          attribute: [attributeProto("value", { tensor: floats("", [4, 4], numbers(16)) })],
        }),
        node("MatMul", ["x", "w"], ["y"]),
      ],
    };
    const bytes = fileWith([held], [call("Held", ["x"], ["h"]), call("Held", ["h"], ["y"])], {
      ...parts,
      initializers: [],
    });
    const model = importOnnx(bytes);
    const names = [...model.parameters.keys()];
    expect(names).toHaveLength(2);
    change(model, names[1]!);
    expect(differences(runHere(model, x), await runInRuntime(exportOnnx(model), x))).toEqual([]);
    model.dispose();
  });

  it.each<[string, Uint8Array, string]>([
    [
      "one that calls itself",
      fileWith(
        [{ ...layer, node: [node("Layer", ["x", "w"], ["y"], { domain: "custom" })] }],
        [call("Layer", ["x", "w"], ["y"])],
        parts,
      ),
      'function "Layer": expected functions that end, got one that calls itself',
    ],
    [
      "another opset",
      fileWith([{ ...layer, opsetImport: [{ domain: "", version: 12n }] }], [call("Layer", ["x", "w"], ["y"])], parts),
      'function "Layer": expected opset 17 of domain "", as the file has, got 12',
    ],
    [
      "too many inputs",
      fileWith([layer], [call("Layer", ["x", "w", "x"], ["y"])], parts),
      'function "Layer": expected at most 2 inputs and 1 outputs, got 3 and 1',
    ],
    [
      "calls that multiply",
      fileWith(
        Array.from(
          { length: 20 },
          (_, i): FunctionInit => ({
            name: `F${i}`,
            input: ["a"],
            output: ["d"],
            node:
              i === 0
                ? [node("Relu", ["a"], ["d"])]
                : [
                    node(`F${i - 1}`, ["a"], ["b"], { domain: "custom" }),
                    node(`F${i - 1}`, ["b"], ["d"], { domain: "custom" }),
                  ],
          }),
        ),
        [call("F19", ["x"], ["y"])],
        parts,
      ),
      "importOnnx: expected at most 262144 nodes with functions inlined, got more",
    ],
  ])("are refused for %s", (_, bytes, message) => expect(() => importOnnx(bytes)).toThrow(message));
});
