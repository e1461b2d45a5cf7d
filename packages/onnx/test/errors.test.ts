import { init } from "@neft/kernels";
import { importOnnx, OnnxError } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { ownNetworks } from "./networks.js";
import { DataType, type FileNode, type FileParts, floats, int64s, numbers, onnxFile } from "./onnx-file.js";

const x = { name: "x", shape: ["batch", 4] };
const y = { name: "y" };
const relu: FileNode = { op: "Relu", inputs: ["x"], outputs: ["y"] };

const file = (parts: Partial<FileParts>) => onnxFile({ nodes: [relu], inputs: [x], outputs: [y], ...parts });
const conv = (attributes: FileNode["attributes"]) =>
  file({
    nodes: [{ op: "Conv", name: "conv1", inputs: ["x", "w"], outputs: ["y"], ...(attributes && { attributes }) }],
    inputs: [{ name: "x", shape: ["batch", 1, 8, 8] }],
    initializers: [floats("w", [2, 1, 3, 3], numbers(18))],
  });

describe("importOnnx refuses", () => {
  beforeAll(() => init());

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(), "importOnnx: expected an ONNX model, got an empty file"],
    [
      "a text file",
      new TextEncoder().encode("not a model at all"),
      "importOnnx: expected an ONNX model, got 18 bytes of another format or a truncated file",
    ],
    [
      "a truncated file",
      ownNetworks[0]!.bytes.slice(0, 1000),
      "importOnnx: expected an ONNX model, got 1000 bytes of another format or a truncated file",
    ],
    ["a file without a graph", Uint8Array.of(8, 8), "importOnnx: expected an ONNX model, got a file without a graph"],
    ["an opset too old", file({ opset: 5 }), "importOnnx: expected an opset of 6 to 27, got 5"],
    ["an opset too new", file({ opset: 28 }), "importOnnx: expected an opset of 6 to 27, got 28"],
    [
      "unknown operators, all at once",
      file({
        nodes: [
          { op: "Foo", name: "a", inputs: ["x"], outputs: ["t"] },
          { op: "Bar", inputs: ["t"], outputs: ["u"] },
          { op: "Foo", inputs: ["u"], outputs: ["v"] },
          { op: "Relu", domain: "custom", inputs: ["v"], outputs: ["y"] },
        ],
      }),
      'importOnnx: expected supported operators of opset 17, got Foo (2 nodes, first "a"), Bar (node "Bar_1"), custom.Relu (node "Relu_3"); see SUPPORTED.md',
    ],
    [
      "an unknown string",
      conv({ auto_pad: "SAME" }),
      'node "conv1" (Conv): auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got "SAME"',
    ],
    [
      "an attribute nobody reads",
      conv({ padding: 1 }),
      'node "conv1" (Conv): expected kernel_shape, strides, pads, auto_pad, dilations, group, got also "padding"',
    ],
    ["a negative pad", conv({ pads: [0, 0, -1, 0] }), 'node "conv1" (Conv): pads: expected 0 or more, got -1'],
    ["a stride of 0", conv({ strides: [0, 1] }), 'node "conv1" (Conv): strides: expected 1 or more, got 0'],
    [
      "three spatial axes",
      conv({ kernel_shape: [3, 3, 3] }),
      'node "conv1" (Conv): kernel_shape: expected at most 2 integers, got [3, 3, 3]',
    ],
    ["another kernel", conv({ kernel_shape: [5, 5] }), "kernel_shape: expected the weight's [3, 3], got [5, 5]"],
    ["a wrong group", conv({ group: 2 }), 'node "conv1" (Conv): expected channels that fit the weight in 2 groups'],
    [
      "training mode",
      file({
        nodes: [
          {
            op: "BatchNormalization",
            name: "bn",
            inputs: ["x", "v", "v", "v", "v"],
            outputs: ["y"],
            attributes: { training_mode: 1 },
          },
        ],
        initializers: [floats("v", [4], [1, 1, 1, 1])],
      }),
      'node "bn" (BatchNormalization): training_mode: expected 0, got 1: export the network in evaluation mode',
    ],
    ...[7, 8, 9, 12, 13].map((opset): [string, Uint8Array, string] => [
      `batch normalisation with more outputs in opset ${opset}, which is training mode`,
      file({
        opset,
        nodes: [
          {
            op: "BatchNormalization",
            name: "bn",
            inputs: ["x", "v", "v", "v", "v"],
            outputs: ["y", "m", "s", "a", "b"],
          },
        ],
        initializers: [floats("v", [4], [1, 1, 1, 1])],
      }),
      'node "bn" (BatchNormalization): expected one output, got 5, which before opset 14 means training mode: export the network in evaluation mode',
    ]),
    [
      "a padding by elements that are all cropped",
      file({
        nodes: [{ op: "Pad", name: "pad", inputs: ["x", "p"], outputs: ["y"], attributes: { mode: "edge" } }],
        initializers: [int64s("p", [0, -4, 0, 1])],
      }),
      'node "pad" (Pad): expected elements for mode edge to repeat, got none of [1, 4] that negative pads leave',
    ],
    [
      "too few inputs",
      file({ nodes: [{ op: "Add", name: "sum", inputs: ["x"], outputs: ["y"] }] }),
      'node "sum" (Add): expected 2 inputs, got 1',
    ],
    [
      "a value that no node produces",
      file({ nodes: [{ op: "Add", name: "sum", inputs: ["x", "z"], outputs: ["y"] }] }),
      'node "sum" (Add): expected an input that some node produces, got "z", which none does',
    ],
    [
      "a cycle",
      file({
        nodes: [
          { op: "Add", name: "a", inputs: ["x", "q"], outputs: ["p"] },
          { op: "Relu", name: "b", inputs: ["p"], outputs: ["q"] },
          { op: "Relu", name: "c", inputs: ["p"], outputs: ["y"] },
        ],
      }),
      'graph: expected no cycles, got one among the nodes "a", "b", "c"',
    ],
    [
      "a value produced twice",
      file({ nodes: [relu, { op: "Relu", name: "again", inputs: ["x"], outputs: ["y"] }] }),
      'node "again" (Relu): expected a new name as output, got "y", which exists already',
    ],
    ["an output that no node produces", file({ outputs: [{ name: "z" }] }), 'expected a node that produces output "z"'],
    [
      "a use of batch statistics",
      file({
        nodes: [{ op: "BatchNormalization", name: "bn", inputs: ["x", "v", "v", "v", "v"], outputs: ["t", "y"] }],
        initializers: [floats("v", [4], [1, 1, 1, 1])],
      }),
      'node "bn" (BatchNormalization): expected only its first output to be used, got a use of "y"',
    ],
    [
      "a training mode that is an input",
      file({
        nodes: [{ op: "Dropout", name: "d", inputs: ["x", "r", "t"], outputs: ["y"] }],
        inputs: [x, { name: "t", type: DataType.BOOL, shape: [] }],
        initializers: [floats("r", [], [0.5])],
      }),
      'node "d" (Dropout): expected input 2 to be a constant, got a value that isn\'t',
    ],
    [
      "too few bytes",
      file({ initializers: [{ ...floats("w", [4], [1]) }] }),
      'initializer "w": expected 16 bytes of elements for shape [4], got 4',
    ],
    [
      "too few integers",
      file({ initializers: [{ name: "w", dims: [4n], dataType: DataType.INT64, int64Data: [1n] }] }),
      'initializer "w": expected 4 elements for shape [4], got 1',
    ],
    [
      "a data type without a dtype",
      file({
        nodes: [{ op: "Add", inputs: ["x", "w"], outputs: ["y"] }],
        initializers: [{ name: "w", dims: [1n], dataType: DataType.STRING }],
      }),
      'initializer "w": expected one of the data types FLOAT, DOUBLE, FLOAT16, BFLOAT16, UINT8, INT8, UINT16, INT16, INT32, INT64, BOOL, UINT32, UINT64, got STRING',
    ],
    [
      "a negative size",
      file({ initializers: [{ name: "w", dims: [-1n], dataType: DataType.FLOAT }] }),
      'initializer "w": expected a shape of at most 2^31 elements, got [-1]',
    ],
    [
      "a segment",
      file({ initializers: [{ name: "w", dims: [1n], dataType: DataType.FLOAT, segment: { begin: 0n, end: 1n } }] }),
      'initializer "w": expected a whole tensor, got a segment of one',
    ],
    [
      "an input of unknown rank",
      file({ inputs: [{ name: "x" }] }),
      'input "x": expected a tensor of known rank, got no shape',
    ],
    [
      "a reshape that does not fit",
      file({
        nodes: [{ op: "Reshape", name: "r", inputs: ["x", "s"], outputs: ["y"] }],
        initializers: [int64s("s", [-1, 3])],
      }),
      'node "r" (Reshape): expected a new shape of 4 elements, got [1, 4] to [-1, 3]',
    ],
  ])("%s", (_, bytes, message) => {
    const run = () => importOnnx(bytes);
    expect(run).toThrow(OnnxError);
    expect(run).toThrow(message);
  });

  it("all operators of a later opset", () => {
    const attributes = { axes: [0] };
    const bytes = file({ opset: 13, nodes: [{ op: "Squeeze", name: "s", inputs: ["x"], outputs: ["y"], attributes }] });
    expect(() => importOnnx(bytes)).toThrow('node "s" (Squeeze): expected no attributes, got also "axes"');
  });
});
