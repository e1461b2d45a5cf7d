import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FunctionProtoSchema, ModelProtoSchema, NodeProtoSchema } from "./onnx_pb.js";
import {
  attributeProto,
  type FileNode,
  floats,
  graphProto,
  int64s,
  numbers,
  onnxFile,
  type Tensor,
} from "./onnx-file.js";

// Files with what is rewritten before their nodes are read: functions, sequences, and bodies that share names.

const node = (op: string, inputs: string[], output: string, attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

const fileOf = (nodes: readonly FileNode[], initializers: readonly Tensor[]): Uint8Array =>
  onnxFile({
    nodes,
    inputs: [{ name: "x", shape: ["N", 4] }],
    outputs: [{ name: "y" }],
    initializers,
  });

/** A body that multiplies x by its own matrix w. */
const product = (seed: number) =>
  graphProto({
    nodes: [node("MatMul", ["x", "w"], "a"), node("Tanh", ["a"], "b")],
    inputs: [],
    outputs: [{ name: "b" }],
    initializers: [floats("w", [4, 4], numbers(16, seed))],
  });

const condition: Tensor = { name: "yes", dims: [], dataType: 9, rawData: Uint8Array.of(1) };

/** Branches of two Ifs, all of which call their values w, a and b. */
const bodies: Uint8Array = fileOf(
  [
    node("If", ["yes"], "first", { then_branch: product(2), else_branch: product(3) }),
    node("If", ["yes"], "second", { then_branch: product(4), else_branch: product(5) }),
    node("Add", ["first", "second"], "y"),
  ],
  [condition],
);

/** The last of a list from which an entry was erased. */
const sequences: Uint8Array = fileOf(
  [
    node("Neg", ["x"], "n"),
    { op: "SequenceConstruct", inputs: ["x", "n", "x"], outputs: ["s"] },
    node("SequenceErase", ["s", "last"], "t"),
    node("SequenceAt", ["t", "last"], "e"),
    node("MatMul", ["e", "w"], "y"),
  ],
  [int64s("last", [-1], []), floats("w", [4, 4], numbers(16))],
);

const protoOf = ({ op, inputs, outputs, domain = "", attributes = {} }: FileNode) =>
  create(NodeProtoSchema, {
    opType: op,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
  });

const functionOf = (name: string, nodes: readonly FileNode[]): MessageInitShape<typeof FunctionProtoSchema> =>
  create(FunctionProtoSchema, {
    name,
    domain: "custom",
    input: ["x", "w"],
    output: ["b"],
    opsetImport: [
      { domain: "", version: 17n },
      { domain: "custom", version: 1n },
    ],
    node: nodes.map(protoOf),
  });

/** A function that calls another one twice. */
function functions(): Uint8Array {
  const call = (name: string, inputs: string[], output: string): FileNode => ({
    ...node(name, inputs, output),
    domain: "custom",
  });
  const model = fromBinary(
    ModelProtoSchema,
    fileOf([call("Twice", ["x", "w"], "t"), call("Layer", ["t", "w"], "y")], [floats("w", [4, 4], numbers(16))]),
  );
  model.functions = [
    functionOf("Layer", [node("MatMul", ["x", "w"], "a"), node("Tanh", ["a"], "b")]),
    functionOf("Twice", [call("Layer", ["x", "w"], "a"), call("Layer", ["a", "w"], "b")]),
  ].map((one) => create(FunctionProtoSchema, one));
  return toBinary(ModelProtoSchema, model);
}

/** Input x: f32 [N, 4]. Output y. */
export const structuredFiles: Readonly<Record<string, Uint8Array>> = { bodies, sequences, functions: functions() };
