import { float16ToNumber, numberToBfloat16, numberToFloat16 } from "../src/float16.js";
import { DataType, type FileNode, floats, int64s, numbers, onnxFile, type Tensor } from "./onnx-file.js";

/** Ways to store a float tensor in a file. `values` are exact in all of them. */
export const storages: Readonly<
  Record<string, (name: string, shape: readonly number[], values: Float32Array) => Tensor>
> = {
  raw: floats,
  float_data: (name, shape, values) => ({
    name,
    dims: shape.map(BigInt),
    dataType: DataType.FLOAT,
    floatData: [...values],
  }),
  "raw double": (name, shape, values) => ({
    name,
    dims: shape.map(BigInt),
    dataType: DataType.DOUBLE,
    rawData: new Uint8Array(Float64Array.from(values).buffer),
  }),
  double_data: (name, shape, values) => ({
    name,
    dims: shape.map(BigInt),
    dataType: DataType.DOUBLE,
    doubleData: [...values],
  }),
  "raw half": (name, shape, values) => ({
    name,
    dims: shape.map(BigInt),
    dataType: DataType.FLOAT16,
    rawData: new Uint8Array(Uint16Array.from(values, numberToFloat16).buffer),
  }),
  "half in int32_data": (name, shape, values) => ({
    name,
    dims: shape.map(BigInt),
    dataType: DataType.FLOAT16,
    int32Data: [...Uint16Array.from(values, numberToFloat16)],
  }),
  "raw bfloat16": (name, shape, values) => ({
    name,
    dims: shape.map(BigInt),
    dataType: DataType.BFLOAT16,
    rawData: new Uint8Array(Uint16Array.from(values, numberToBfloat16).buffer),
  }),
};

/** The nearest number that is exact in all types, including bfloat16 with its 8 significant bits. */
export function rounded(value: number): number {
  return Math.round(float16ToNumber(numberToFloat16(value)) * 32) / 32;
}

/** Nodes that compute a weight "out" [4, 4] from float tensors, and the tensors by name and shape. */
export interface Maker {
  readonly weights: Readonly<Record<string, readonly number[]>>;
  readonly others?: readonly Tensor[];
  readonly nodes: readonly FileNode[];
}

const one = (
  op: string,
  shape: readonly number[],
  attributes: NonNullable<FileNode["attributes"]> = {},
  inputs: readonly string[] = [],
): Maker => ({
  weights: { w: shape },
  nodes: [{ op, inputs: ["w", ...inputs], outputs: ["out"], attributes }],
});
const two = (op: string, other: readonly number[] = [4, 4]): Maker => ({
  weights: { w: [4, 4], v: other },
  nodes: [{ op, inputs: ["w", "v"], outputs: ["out"] }],
});
const pool = (op: string, shape: readonly number[], attributes: NonNullable<FileNode["attributes"]>): Maker => ({
  weights: { w: shape },
  others: [int64s("matrix", [4, 4])],
  nodes: [
    { op, inputs: ["w"], outputs: ["pooled"], attributes },
    { op: "Reshape", inputs: ["pooled", "matrix"], outputs: ["out"] },
  ],
});

/** One computed weight for every operator of the table. */
export const makers: Readonly<Record<string, Maker>> = {
  Add: two("Add", [4]),
  AveragePool: pool("AveragePool", [1, 1, 8, 8], { kernel_shape: [2, 2], strides: [2, 2] }),
  BatchNormalization: {
    weights: { w: [4, 4], g: [4], b: [4], m: [4] },
    others: [floats("var", [4], [1, 2, 3, 4])],
    nodes: [{ op: "BatchNormalization", inputs: ["w", "g", "b", "m", "var"], outputs: ["out"] }],
  },
  Cast: one("Cast", [4, 4], { to: DataType.FLOAT }),
  Clip: { ...one("Clip", [4, 4], {}, ["low"]), others: [floats("low", [], [-1])] },
  Concat: {
    weights: { w: [1, 4], v: [3, 4] },
    nodes: [{ op: "Concat", inputs: ["w", "v"], outputs: ["out"], attributes: { axis: 0 } }],
  },
  Constant: {
    weights: {},
    nodes: [
      {
        op: "Constant",
        inputs: [],
        outputs: ["out"],
        attributes: { value: { tensor: floats("", [4, 4], numbers(16, 9)) } },
      },
    ],
  },
  ConstantOfShape: {
    weights: {},
    others: [int64s("matrix", [4, 4])],
    nodes: [
      {
        op: "ConstantOfShape",
        inputs: ["matrix"],
        outputs: ["out"],
        attributes: { value: { tensor: floats("", [1], [0.5]) } },
      },
    ],
  },
  Conv: {
    weights: { w: [1, 1, 4, 4], v: [1, 1, 3, 3] },
    others: [int64s("matrix", [4, 4])],
    nodes: [
      { op: "Conv", inputs: ["w", "v"], outputs: ["c"], attributes: { pads: [1, 1, 1, 1] } },
      { op: "Reshape", inputs: ["c", "matrix"], outputs: ["out"] },
    ],
  },
  Div: { ...two("Div"), weights: { w: [4, 4] }, others: [floats("v", [4], [1, 2, -4, 8])] },
  Flatten: one("Flatten", [4, 2, 2], { axis: 1 }),
  Gather: { ...one("Gather", [5, 4], {}, ["rows"]), others: [int64s("rows", [4, 0, 2, 2])] },
  Gemm: {
    weights: { w: [4, 2], v: [4, 2] },
    nodes: [{ op: "Gemm", inputs: ["w", "v"], outputs: ["out"], attributes: { transB: 1 } }],
  },
  GlobalAveragePool: pool("GlobalAveragePool", [4, 4, 2, 2], {}),
  Identity: one("Identity", [4, 4]),
  LeakyRelu: one("LeakyRelu", [4, 4]),
  LogSoftmax: one("LogSoftmax", [4, 4]),
  MatMul: two("MatMul"),
  MaxPool: pool("MaxPool", [1, 1, 8, 8], { kernel_shape: [2, 2], strides: [2, 2] }),
  Mean: two("Mean", [4]),
  Mul: two("Mul"),
  Pad: { ...one("Pad", [3, 4], {}, ["pads"]), others: [int64s("pads", [1, 0, 0, 0])] },
  ReduceMean: one("ReduceMean", [4, 3, 4], { axes: [1], keepdims: 0 }),
  Relu: one("Relu", [4, 4]),
  Reshape: { ...one("Reshape", [16], {}, ["matrix"]), others: [int64s("matrix", [4, 4])] },
  Shape: {
    weights: { w: [4, 4, 3], v: [4, 4] },
    nodes: [
      { op: "Shape", inputs: ["w"], outputs: ["s"] },
      { op: "Cast", inputs: ["s"], outputs: ["f"], attributes: { to: DataType.FLOAT } },
      { op: "ReduceMean", inputs: ["f"], outputs: ["r"], attributes: { keepdims: 0 } },
      { op: "Mul", inputs: ["v", "r"], outputs: ["out"] },
    ],
  },
  Sigmoid: one("Sigmoid", [4, 4]),
  Slice: { ...one("Slice", [5, 4], {}, ["starts", "ends"]), others: [int64s("starts", [1]), int64s("ends", [5])] },
  Softmax: one("Softmax", [4, 4]),
  Squeeze: { ...one("Squeeze", [1, 4, 4], {}, ["axis"]), others: [int64s("axis", [0])] },
  Sub: two("Sub"),
  Sum: two("Sum", [4]),
  Tanh: one("Tanh", [4, 4]),
  Transpose: one("Transpose", [4, 4]),
  Unsqueeze: {
    weights: { w: [4, 4] },
    others: [int64s("axis", [0]), int64s("matrix", [4, 4])],
    nodes: [
      { op: "Unsqueeze", inputs: ["w", "axis"], outputs: ["raised"] },
      { op: "Reshape", inputs: ["raised", "matrix"], outputs: ["out"] },
    ],
  },
};

/** Nodes with renamed outputs. */
function again(nodes: readonly FileNode[], suffix: string): FileNode[] {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const renamed = (name: string) => (made.has(name) ? name + suffix : name);
  return nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }));
}

const times = (x: string, weight: string, output: string): FileNode => ({
  op: "MatMul",
  inputs: [x, weight],
  outputs: [output],
});

/** First input of a maker, or its output if that input is no float tensor. */
const floatSource = (nodes: readonly FileNode[]): string => (nodes[0]!.inputs[0] === "w" ? "w" : "out");

/** Uses of a computed weight: nodes after the maker's, and outputs other than y. */
export const uses: Readonly<Record<string, (nodes: readonly FileNode[]) => { nodes: FileNode[]; outputs: string[] }>> =
  {
    once: (nodes) => ({ nodes: [...nodes, times("x", "out", "y")], outputs: [] }),
    "twice by equal nodes": (nodes) => ({
      nodes: [...nodes, ...again(nodes, "_2"), times("x", "out", "t"), times("t", "out_2", "y")],
      outputs: [],
    }),
    "by equal nodes, one of them an output": (nodes) => ({
      nodes: [...nodes, ...again(nodes, "_2"), times("x", "out", "t"), times("t", "out_2", "y")],
      outputs: ["out_2"],
    }),
    "twice by different nodes": (nodes) => ({
      nodes: [
        ...nodes,
        ...again(nodes, "_2"),
        { op: "Transpose", inputs: ["out_2"], outputs: ["turned"] },
        { op: "Tanh", inputs: ["out_2"], outputs: ["bent"] },
        times("x", "out", "t"),
        times("t", "turned", "u"),
        times("u", "bent", "y"),
      ],
      outputs: [],
    }),
    "and gives it out": (nodes) => ({ nodes: [...nodes, times("x", "out", "y")], outputs: ["out"] }),
    "beside what made it": (nodes) => {
      const source = floatSource(nodes);
      return {
        nodes: [
          ...nodes,
          times("x", "out", "t"),
          { op: "ReduceMean", inputs: [source], outputs: ["mean"] },
          { op: "Add", inputs: ["t", "mean"], outputs: ["y"] },
        ],
        outputs: [source],
      };
    },
    "beside a matrix of its source": (nodes) => {
      const source = floatSource(nodes);
      return {
        nodes: [
          ...nodes,
          { op: "Reshape", inputs: [source, "flat"], outputs: ["column"] },
          { op: "ReduceMean", inputs: ["column"], outputs: ["share"], attributes: { keepdims: 1 } },
          times("x", "out", "t"),
          { op: "Mul", inputs: ["t", "share"], outputs: ["y"] },
        ],
        outputs: [],
      };
    },
  };

/** The whole file. Weights that aren't FLOAT are cast first. */
export function computedWeightFile(maker: Maker, use: string, storage: string): Uint8Array {
  const initializers: Tensor[] = [...(maker.others ?? []), int64s("flat", [-1, 1])];
  const casts: FileNode[] = [];
  Object.entries(maker.weights).forEach(([name, shape], i) => {
    const values = numbers(
      shape.reduce((a, b) => a * b, 1),
      i + 3,
    ).map(rounded);
    const tensor = storages[storage]!(name, shape, values);
    const isCast = tensor.dataType !== DataType.FLOAT;
    initializers.push(isCast ? { ...tensor, name: `${name}.stored` } : tensor);
    if (isCast)
      casts.push({ op: "Cast", inputs: [`${name}.stored`], outputs: [name], attributes: { to: DataType.FLOAT } });
  });
  const { nodes, outputs } = uses[use]!(maker.nodes);
  return onnxFile({
    nodes: [...casts, ...nodes],
    initializers,
    inputs: [{ name: "x", shape: ["batch", 4] }],
    outputs: ["y", ...new Set(outputs)].map((name) => ({ name })),
  });
}
