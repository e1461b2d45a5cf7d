import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { init } from "@neft/kernels";
import { type ArrayProduct, addOperators, arrayNodes, computeProduct, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { assign, scope, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { FunctionProtoSchema, ModelProtoSchema, NodeProtoSchema } from "./onnx_pb.js";
import { type Attribute, attributeProto, type FileNode, floats, graphProto, numbers, onnxFile } from "./onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "./runtime.js";

addOperators(moreOperators);

type Held = readonly [name: string, seed: number];

const weight = (name: string, seed: number) => floats(name, [4, 4], numbers(16, seed));
const node = (op: string, inputs: string[], outputs: string[], attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  inputs,
  outputs,
  attributes,
});
const constant = (name: string, seed: number) => node("Constant", [], [name], { value: { tensor: weight("", seed) } });
const body = (nodes: FileNode[], output: string, ...held: Held[]): Attribute =>
  graphProto({
    nodes,
    inputs: [],
    outputs: [{ name: output }],
    initializers: held.map(([name, seed]) => weight(name, seed)),
  });
const either = (input: string, output: string, then_branch: Attribute, else_branch: Attribute) =>
  node("If", [input], [output], { then_branch, else_branch });
const product = (x = "x", y = "a") => node("MatMul", [x, "w"], [y]);

type FunctionInit = MessageInitShape<typeof FunctionProtoSchema>;

function fileOf(nodes: readonly FileNode[], functions: readonly FunctionInit[] = []): Uint8Array {
  const bytes = onnxFile({
    nodes,
    inputs: [
      { name: "x", shape: ["N", 4] },
      { name: "c", type: 9, shape: [] },
    ],
    outputs: [{ name: "y" }],
  });
  const model = fromBinary(ModelProtoSchema, bytes);
  const opsetImport = [
    { domain: "", version: 17n },
    { domain: "custom", version: 1n },
  ];
  model.functions = functions.map((one) => create(FunctionProtoSchema, { domain: "custom", opsetImport, ...one }));
  return toBinary(ModelProtoSchema, model);
}

const call = (inputs: string[], outputs: string[]): FileNode => ({ op: "F", domain: "custom", inputs, outputs });
const protoOf = ({ op, inputs, outputs, attributes = {} }: FileNode) =>
  create(NodeProtoSchema, {
    opType: op,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attributeProto(name, value)),
  });

/** p·w with a weight of its own. */
const layer: FunctionInit = {
  name: "F",
  input: ["p"],
  output: ["q"],
  node: [constant("w", 3), product("p", "q")].map(protoOf),
};
/** p + h, or relu(p), where h is a value of the branch, computed or constant. */
const hiding = (...made: FileNode[]): FunctionInit => ({
  name: "F",
  input: ["p", "c"],
  output: ["q"],
  node: [
    either(
      "c",
      "q",
      body([...made, node("MatMul", ["p", "h"], ["o"])], "o", ["v", 8]),
      body([node("Relu", ["p"], ["o"])], "o"),
    ),
  ].map(protoOf),
});

const files: Readonly<Record<string, Uint8Array>> = {
  "initializers of both branches": fileOf([
    either("c", "y", body([product()], "a", ["w", 3]), body([product()], "a", ["w", 5])),
  ]),
  "constants of both branches": fileOf([
    either("c", "y", body([constant("w", 3), product()], "a"), body([constant("w", 5), product()], "a")),
  ]),
  "a constant and a computed value": fileOf([
    either(
      "c",
      "y",
      body([constant("w", 3), product()], "a"),
      body([node("Relu", ["x"], ["w"]), node("Mul", ["x", "w"], ["a"])], "a"),
    ),
  ]),
  "branches inside branches": fileOf([
    either(
      "c",
      "y",
      body([either("c", "z", body([product()], "a", ["w", 3]), body([product("x", "b")], "b", ["w", 5]))], "z"),
      body([product("x", "d")], "d", ["w", 7]),
    ),
  ]),
  "calls of a function outside and in both branches": fileOf(
    [call(["x"], ["h"]), either("c", "y", body([call(["h"], ["a"])], "a"), body([call(["x"], ["b"])], "b"))],
    [layer],
  ),
  "a constant of a function's branch and what the call passes": fileOf(
    [node("Tanh", ["x"], ["h"]), call(["h", "c"], ["y"])],
    [hiding(constant("h", 9))],
  ),
  "a value of a function's branch and what the call passes": fileOf(
    [node("Tanh", ["x"], ["h"]), call(["h", "c"], ["y"])],
    [hiding(node("Relu", ["v"], ["h"]))],
  ),
};

const x: Values[string] = { dtype: "f32", shape: [3, 4], data: numbers(12, 7) };
const feeds = [0, 1].map((value): Values => ({ x, c: { dtype: "bool", shape: [], data: Uint8Array.of(value) } }));

describe("names that bodies share", () => {
  beforeAll(() => init());

  it.each(Object.keys(files))("keep their own values: %s", async (name) => {
    const bytes = files[name]!;
    const model = importOnnx(bytes);
    for (const one of feeds) expect(differences(runHere(model, one), await runInRuntime(bytes, one))).toEqual([]);
    [...model.parameters.values()].forEach((parameter, i) => {
      assign(
        parameter,
        parameter.floats().map((value, at) => value * 0.75 + 0.25 * i + (at % 3) / 16),
      );
    });
    const exported = exportOnnx(model);
    const back = importOnnx(exported);
    for (const one of feeds) {
      const here = runHere(model, one);
      expect(differences(runHere(back, one), here)).toEqual([]);
      expect(differences(await runInRuntime(exported, one), here)).toEqual([]);
    }
    back.dispose();
    model.dispose();
  });

  it("of nodes differ in the whole model", () => {
    const model = importOnnx(files["branches inside branches"]!);
    const names = arrayNodes(model).map(({ node: { name } }) => name);
    expect(names).toEqual(["If_0/If_0/MatMul_0", "If_0/If_0/MatMul_0_2", "If_0/MatMul_0"]);
    model.dispose();
  });

  it("of weights in bodies have no draw for every sample", () => {
    const model = importOnnx(files["initializers of both branches"]!);
    const variation = {
      sMax: 1,
      sigma: { kind: "uniform", sigma: 0.1 } as const,
      key: 1n,
      perSample: true,
      firstSample: 0,
    };
    const backend = { product: (one: ArrayProduct) => computeProduct(one, one.weight.tensor, variation) };
    const inputs = () => ({ x: tensor(x.data, x.shape, "f32"), c: tensor(Uint8Array.of(1), [], "bool") });
    expect(() => scope(() => run(model, inputs(), { backend }))).toThrow(
      'parameter "If_0/w": expected one draw for all samples where a graph of node "If_0" (If) reads it, got perSample',
    );
    model.dispose();
  });
});
