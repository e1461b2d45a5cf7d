import { init } from "@neft/kernels";
import { bindModel, type Model } from "@neft/model";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import {
  DataType,
  type FileNode,
  type FileParts,
  type FileValue,
  floats,
  int64s,
  numbers,
  onnxFile,
} from "./onnx-file.js";
import { runHere, runInRuntime, type Value } from "./runtime.js";

beforeAll(() => init());

type Attributes = FileNode["attributes"];
const node = (op: string, inputs: string | string[], output: string, attributes: Attributes = {}): FileNode => ({
  op,
  name: `${op}_${output}`,
  inputs: typeof inputs === "string" ? [inputs] : inputs,
  outputs: [output],
  attributes,
});

const scalar = (name: string, value: number) => floats(name, [], [value]);

/** Initializers that the nodes of the tables read. */
const initializers = [
  floats("w", [4, 3], numbers(12, 3)),
  floats("w6", [4, 6], numbers(24, 5)),
  floats("square", [3, 3], numbers(9, 4)),
  floats("kernel", [3, 2, 3, 3], numbers(54, 6)),
  floats("class", [2, 3, 1, 1], numbers(6, 7)),
  floats("plus", [3], [0.5, -0.5, 0.1]),
  scalar("tiny", 1e-7),
  scalar("nearly", 1 - 1e-7),
  scalar("half", 0.5),
  scalar("two", 2),
  scalar("minus", -1),
  scalar("one", 1),
  floats("ones", [1, 1], [1]),
  int64s("rows", [-1, 3]),
  int64s("rows1", [1, -1]),
  int64s("same", [0, -1]),
  int64s("four", [0, 3, 1, 1]),
  int64s("three", [0, 1, 3]),
  int64s("turned", [3, -1]),
  int64s("flat", [-1]),
  int64s("single", [1, 12]),
  int64s("a0", [0]),
  int64s("a1", [1]),
  int64s("a2", [2]),
  int64s("a23", [2, 3]),
  int64s("zero", [0]),
  int64s("zero0", [0], []),
  int64s("end", [2 ** 40]),
  int64s("back", [-1]),
  int64s("start", [-5]),
  int64s("two1", [2]),
  int64s("pad", [0, 1, 0, 1]),
  int64s("pad0", [1, 0, 0, 0]),
];

/** A file with the initializers that its nodes read; runtimes warn about unused ones. */
function fileOf(parts: Omit<FileParts, "initializers" | "outputs"> & { output?: FileValue }): Uint8Array {
  const read = new Set(parts.nodes.flatMap(({ inputs }) => inputs));
  const { output = { name: "y" }, ...rest } = parts;
  const used = initializers.filter(({ name }) => read.has(name as string));
  return onnxFile({ ...rest, outputs: [output], initializers: used });
}

/** Rows of a value, one per sample. */
function rowsOf(model: Model, value: string, data: Float32Array, sample: readonly number[]): number[][] {
  const { name } = model.inputs[0]!;
  const count = data.length / sample.reduce((a, b) => a * b, 1);
  const outputs = runHere(model, { [name]: { dtype: "f32", shape: [count, ...sample], data } }, [value]);
  const { shape, data: all } = outputs[value]!;
  expect(shape[0]).toBe(count);
  return Array.from({ length: count }, (_, i) => [
    ...(all as Float32Array).subarray(i * shape[1]!, (i + 1) * shape[1]!),
  ]);
}

const softmax = (row: readonly number[]): number[] => {
  const exps = row.map(Math.exp);
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / sum);
};

const order = (row: ArrayLike<number>): number[] => Array.from(row, (_, i) => i).sort((a, b) => row[b]! - row[a]!);

const z = node("MatMul", ["x", "w"], "z");
const p = node("Softmax", "z", "p", { axis: 1 });
const z4 = [z, node("Reshape", ["z", "four"], "z4")];
const p4 = node("Softmax", "z4", "p", { axis: 1 });

/** Last nodes of a network with class scores z whose logits are found, and the opset if not 17. */
const seen: [name: string, nodes: FileNode[], opset?: number][] = [
  ["nothing", [node("MatMul", ["x", "w"], "y")]],
  ["Softmax", [z, node("Softmax", "z", "y")]],
  ["LogSoftmax", [z, node("LogSoftmax", "z", "y")]],
  ["Sigmoid", [z, node("Sigmoid", "z", "y")]],
  ["Identity", [z, p, node("Identity", "p", "y")]],
  ["Cast", [z, p, node("Cast", "p", "y", { to: DataType.FLOAT })]],
  ["Dropout", [z, p, node("Dropout", "p", "y")]],
  ["Clip", [z, p, node("Clip", ["p", "tiny", "nearly"], "y")]],
  ["Relu", [z, p, node("Relu", "p", "y")]],
  ["Mul", [z, p, node("Mul", ["p", "two"], "y")]],
  ["Mul from the left, by one number as a matrix", [z, p, node("Mul", ["ones", "p"], "y")]],
  ["Div", [z, p, node("Div", ["p", "two"], "y")]],
  ["Add", [z, p, node("Add", ["half", "p"], "y")]],
  ["Sub", [z, p, node("Sub", ["p", "half"], "y")]],
  ["Concat of one", [z, p, node("Concat", "p", "y", { axis: 1 })]],
  ["Flatten", [...z4, p4, node("Flatten", "p", "y")]],
  ["Flatten by a negative axis", [...z4, p4, node("Flatten", "p", "y", { axis: -3 })]],
  ["Reshape", [...z4, p4, node("Reshape", ["p", "rows"], "y")]],
  ["Reshape with 0 and −1", [...z4, p4, node("Reshape", ["p", "same"], "y")]],
  ["Squeeze", [...z4, p4, node("Squeeze", ["p", "a23"], "y")]],
  ["Squeeze without axes", [...z4, p4, node("Squeeze", ["p"], "y")]],
  [
    "Squeeze and Unsqueeze, twice",
    [...z4, p4, node("Squeeze", ["p"], "a"), node("Unsqueeze", ["a", "a1"], "b"), node("Squeeze", ["b", "a1"], "y")],
  ],
  [
    "two Transposes",
    [
      ...z4,
      node("Transpose", "z4", "t", { perm: [0, 2, 3, 1] }),
      node("Softmax", "t", "p", { axis: 3 }),
      node("Transpose", "p", "q", { perm: [0, 3, 1, 2] }),
      node("Flatten", "q", "y"),
    ],
  ],
  [
    "a Transpose of the whole",
    [
      z,
      node("Transpose", "z", "t", { perm: [1, 0] }),
      node("Softmax", "t", "p", { axis: 0 }),
      node("Transpose", "p", "y", { perm: [1, 0] }),
    ],
  ],
  [
    "a Gather that picks a position",
    [
      z,
      node("Reshape", ["z", "three"], "t"),
      node("Softmax", "t", "p", { axis: 2 }),
      node("Gather", ["p", "zero0"], "y", { axis: 1 }),
    ],
  ],
  ["a Slice that keeps all", [z, p, node("Slice", ["p", "zero", "end", "a1"], "y")]],
  [
    "many at once",
    [
      ...z4,
      p4,
      node("Cast", "p", "c", { to: DataType.FLOAT16 }),
      node("Cast", "c", "d", { to: DataType.FLOAT }),
      node("Flatten", "d", "e"),
      node("Clip", ["e", "tiny"], "f"),
      node("Dropout", "f", "g"),
      node("Identity", "g", "y"),
    ],
  ],
  ["an output that keeps axes of size 1", [...z4, node("Softmax", "z4", "y", { axis: 1 })]],
  [
    "a softmax of all axes, before opset 13",
    [...z4, node("Softmax", "z4", "p", { axis: 1 }), node("Flatten", "p", "y")],
    11,
  ],
  [
    "a softmax of classes in two axes, before opset 13",
    [
      node("MatMul", ["x", "w"], "z"),
      node("Reshape", ["z", "three"], "t"),
      node("Softmax", "t", "p", { axis: 1 }),
      node("Reshape", ["p", "rows"], "y"),
    ],
    11,
  ],
  ["two softmaxes", [z, p, node("Softmax", "p", "y")]],
  ["a softmax and a sigmoid", [z, p, node("Sigmoid", "p", "y")]],
];

/** Last nodes that change or hide the order of scores, or mix probabilities, and the node named in the warning. */
const hidden: [name: string, nodes: FileNode[], named: string][] = [
  ["a negative factor", [z, p, node("Mul", ["p", "minus"], "y")], "Softmax_p"],
  ["a difference from one", [z, p, node("Sub", ["one", "p"], "y")], "Softmax_p"],
  ["a vector added", [z, p, node("Add", ["p", "plus"], "y")], "Softmax_p"],
  ["a clip that cuts", [z, p, node("Clip", ["p", "half"], "y")], "Softmax_p"],
  ["a clip that cuts a sigmoid", [z, node("Sigmoid", "z", "p"), node("Clip", ["p", "", "half"], "y")], "Sigmoid_p"],
  [
    "a softmax over halves of the classes",
    [
      node("MatMul", ["x", "w6"], "z"),
      node("Reshape", ["z", "halves"], "t"),
      node("Softmax", "t", "p", { axis: 2 }),
      node("Flatten", "p", "y"),
    ],
    "Softmax_p",
  ],
  [
    "a softmax over another axis",
    [
      node("MatMul", ["x", "w6"], "z"),
      node("Reshape", ["z", "halves"], "t"),
      node("Softmax", "t", "p", { axis: 1 }),
      node("Flatten", "p", "y"),
    ],
    "Softmax_p",
  ],
  ["classes left out", [z, p, node("Slice", ["p", "zero", "two1", "a1"], "y")], "Softmax_p"],
  [
    "a mean of softmaxes",
    [
      node("MatMul", ["x", "w6"], "z"),
      node("Reshape", ["z", "halves"], "t"),
      node("Softmax", "t", "p", { axis: 2 }),
      node("ReduceMean", "p", "y", { axes: [1], keepdims: 0 }),
    ],
    "Softmax_p",
  ],
  [
    "a sum of softmaxes",
    [z, p, node("MatMul", ["x", "w"], "z2"), node("Softmax", "z2", "p2"), node("Add", ["p", "p2"], "y")],
    "Softmax_p",
  ],
];

describe("a network's logits", () => {
  const sample = [4];
  const data = numbers(28, 9);
  const halves = int64s("halves", [0, 2, 3]);

  it.each(seen)("are found behind %s", async (_, nodes, opset = 17) => {
    const bytes = fileOf({ nodes, opset, inputs: [{ name: "x", shape: ["batch", 4] }] });
    const model = importOnnx(bytes);
    const bound = bindModel(model, sample);
    expect(bound.warnings).toEqual([]);
    const plain = importOnnx(
      fileOf({ nodes: [node("MatMul", ["x", "w"], "y")], inputs: [{ name: "x", shape: ["batch", 4] }] }),
    );
    const rows = rowsOf(bound.model, bound.logits, data, sample);
    const found = rows.map((row) => Math.max(...softmax(row)));
    const expected = rowsOf(plain, "y", data, sample).map((row) => Math.max(...softmax(row)));
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5);
    const { y } = await runInRuntime(bytes, { x: { dtype: "f32", shape: [7, 4], data } });
    for (const [i, row] of rows.entries()) {
      expect(order(row)).toEqual(order((y!.data as Float32Array).subarray(3 * i, 3 * i + 3)));
    }
    bound.dispose();
  });

  it.each(hidden)("can't be found behind %s, which gives a warning", (_, nodes, named) => {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const used = [...initializers, halves].filter(({ name }) => read.has(name as string));
    const bytes = onnxFile({
      nodes,
      inputs: [{ name: "x", shape: ["batch", 4] }],
      outputs: [{ name: "y" }],
      initializers: used,
    });
    const bound = bindModel(importOnnx(bytes), sample);
    expect(bound.warnings[0]).toContain(`node "${named}"`);
    expect(bound.warnings[0]).toContain("probabilities");
  });

  it.each<[string, FileNode[]]>([
    ["a softmax before later weights", [z, p, node("MatMul", ["p", "square"], "y")]],
    ["a gate", [z, node("Sigmoid", "z", "s"), node("Mul", ["z", "s"], "y")]],
  ])("are the output of %s", (_, nodes) => {
    const bound = bindModel(importOnnx(fileOf({ nodes, inputs: [{ name: "x", shape: ["batch", 4] }] })), sample);
    expect([bound.logits, bound.warnings]).toEqual(["y", []]);
  });
});

/** Result of binding: "any" batch, a "fixed" one, or "refused"; the last two name a node. */
type Fate = { kind: "any" } | { kind: "fixed" | "refused" | "mixes"; named: string };
const any: Fate = { kind: "any" };
const fixed = (named: string): Fate => ({ kind: "fixed", named });

const conv = node("Conv", ["x", "kernel"], "c", { pads: [1, 1, 1, 1] });
const pooled = node("GlobalAveragePool", "c", "g");
const image = [2, 4, 4];

const batches: [name: string, batch: number | string, sample: number[], nodes: FileNode[], fate: Fate][] = [
  ["a fixed batch of 1", 1, [4], [node("MatMul", ["x", "w"], "y")], any],
  ["a fixed batch of 3", 3, [4], [node("MatMul", ["x", "w"], "y")], any],
  ["a fixed Reshape", 1, image, [conv, pooled, node("Reshape", ["g", "rows1"], "y")], any],
  [
    "a fixed Reshape in a file whose batch is free",
    "N",
    image,
    [conv, pooled, node("Reshape", ["g", "rows1"], "y")],
    any,
  ],
  ["Flatten by axis 0", 1, image, [conv, pooled, node("Flatten", "g", "y", { axis: 0 })], fixed("Flatten_y")],
  [
    "Squeeze of axis 0",
    1,
    [4],
    [node("Squeeze", ["x", "a0"], "s"), node("MatMul", ["s", "w"], "y")],
    fixed("Squeeze_s"),
  ],
  [
    "Squeeze and Unsqueeze of axis 0",
    1,
    [4],
    [node("Squeeze", ["x", "a0"], "s"), node("MatMul", ["s", "w"], "z"), node("Unsqueeze", ["z", "a0"], "y")],
    fixed("Squeeze_s"),
  ],
  ["Squeeze without axes at a fixed 1", 1, image, [conv, pooled, node("Squeeze", ["g"], "y")], fixed("Squeeze_y")],
  ["Squeeze without axes", "N", image, [conv, pooled, node("Squeeze", ["g"], "y")], any],
  [
    "Gather of the only sample",
    1,
    [4],
    [node("Gather", ["x", "zero"], "s", { axis: 0 }), node("MatMul", ["s", "w"], "y")],
    fixed("Gather_s"),
  ],
  [
    "Slice of the first sample",
    1,
    [4],
    [node("Slice", ["x", "zero", "one1", "a0"], "s"), node("MatMul", ["s", "w"], "y")],
    fixed("Slice_s"),
  ],
  [
    "Reshape to a vector",
    1,
    [4],
    [node("Reshape", ["x", "flat"], "s"), node("MatMul", ["s", "w"], "y")],
    fixed("Reshape_s"),
  ],
  [
    "a Transpose that moves axis 0 and back",
    1,
    [4],
    [
      node("Transpose", "x", "t", { perm: [1, 0] }),
      node("Transpose", "t", "b", { perm: [1, 0] }),
      node("MatMul", ["b", "w"], "y"),
    ],
    any,
  ],
  [
    "a Transpose that moves axis 0 and a Reshape",
    1,
    [4],
    [
      node("MatMul", ["x", "w"], "z"),
      node("Transpose", "z", "t", { perm: [1, 0] }),
      node("Reshape", ["t", "rows1"], "y"),
    ],
    fixed("Reshape_y"),
  ],
  [
    "a Softmax over axis 0 of one",
    1,
    [4],
    [node("MatMul", ["x", "w"], "z"), node("Softmax", "z", "s", { axis: 0 }), node("MatMul", ["s", "square"], "y")],
    fixed("Softmax_s"),
  ],
  [
    "a Softmax over axis 0 of eight",
    8,
    [4],
    [node("MatMul", ["x", "w"], "z"), node("Softmax", "z", "s", { axis: 0 }), node("MatMul", ["s", "square"], "y")],
    { kind: "mixes", named: "Softmax_s" },
  ],
  [
    "a Softmax over axis 0 of any",
    "N",
    [4],
    [node("MatMul", ["x", "w"], "z"), node("Softmax", "z", "s", { axis: 0 }), node("MatMul", ["s", "square"], "y")],
    { kind: "refused", named: "Softmax_s" },
  ],
  [
    "a Softmax over axis 0 at the end",
    "N",
    [4],
    [node("MatMul", ["x", "w"], "z"), node("Softmax", "z", "y", { axis: 0 })],
    { kind: "refused", named: "Softmax_y" },
  ],
  [
    "a mean over the batch, taken off",
    "N",
    [4],
    [node("ReduceMean", "x", "m", { axes: [0] }), node("Sub", ["x", "m"], "d"), node("MatMul", ["d", "w"], "y")],
    { kind: "refused", named: "ReduceMean_m" },
  ],
  [
    "a mean over all axes, taken off",
    4,
    [4],
    [node("ReduceMean", "x", "m"), node("Sub", ["x", "m"], "d"), node("MatMul", ["d", "w"], "y")],
    { kind: "mixes", named: "ReduceMean_m" },
  ],
  [
    "samples in reverse order",
    3,
    [4],
    [node("Slice", ["x", "back", "start", "a0", "back"], "s"), node("MatMul", ["s", "w"], "y")],
    { kind: "mixes", named: "Slice_s" },
  ],
  [
    "samples and classes swapped",
    3,
    [4],
    [
      node("MatMul", ["x", "w"], "z"),
      node("Reshape", ["z", "turned"], "t"),
      node("Transpose", "t", "y", { perm: [1, 0] }),
    ],
    { kind: "refused", named: "with the batch on axis 1" },
  ],
  [
    "products of samples with samples",
    "N",
    [4],
    [
      node("Transpose", "x", "t", { perm: [1, 0] }),
      node("MatMul", ["x", "t"], "a"),
      node("MatMul", ["a", "x"], "b"),
      node("MatMul", ["b", "w"], "y"),
    ],
    { kind: "refused", named: "MatMul_a" },
  ],
  [
    "a factor that is the batch's size",
    "N",
    [4],
    [
      node("Shape", "x", "s"),
      node("Gather", ["s", "zero"], "n"),
      node("Cast", "n", "f", { to: DataType.FLOAT }),
      node("Div", ["x", "f"], "d"),
      node("MatMul", ["d", "w"], "y"),
    ],
    { kind: "refused", named: "Cast_f" },
  ],
  [
    "a factor that is the batch's fixed size",
    3,
    [4],
    [
      node("Shape", "x", "s"),
      node("Gather", ["s", "zero"], "n"),
      node("Cast", "n", "f", { to: DataType.FLOAT }),
      node("Div", ["x", "f"], "d"),
      node("MatMul", ["d", "w"], "y"),
    ],
    { kind: "fixed", named: "Cast_f" },
  ],
  [
    "an element that the batch's size selects",
    "N",
    [4],
    [
      node("Shape", "x", "s"),
      node("Gather", ["s", "zero"], "n"),
      node("Reshape", ["square", "flat"], "list"),
      node("Gather", ["list", "n"], "e"),
      node("Add", ["x", "e"], "d"),
      node("MatMul", ["d", "w"], "y"),
    ],
    { kind: "refused", named: "Gather_e" },
  ],
  [
    "a factor that is a size of samples",
    "N",
    [4],
    [
      node("Shape", "x", "s"),
      node("Gather", ["s", "a1"], "n"),
      node("Cast", "n", "f", { to: DataType.FLOAT }),
      node("Div", ["x", "f"], "d"),
      node("MatMul", ["d", "w"], "y"),
    ],
    any,
  ],
  ["a padding of features", 1, [2], [node("Pad", ["x", "pad"], "p"), node("MatMul", ["p", "w"], "y")], any],
];

describe("a network's batch", () => {
  const more = [int64s("one1", [1])];

  it.each(batches)("of %s", async (_, batch, sample, nodes, fate) => {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const used = [...initializers, ...more].filter(({ name }) => read.has(name as string));
    const bytes = onnxFile({
      nodes,
      inputs: [{ name: "x", shape: [batch, ...sample] }],
      outputs: [{ name: "y" }],
      initializers: used,
    });
    const model = importOnnx(bytes);
    if (fate.kind === "refused") {
      expect(() => bindModel(model, sample)).toThrow(fate.named);
      return;
    }
    const bound = bindModel(model, sample);
    const size = sample.reduce((a, b) => a * b, 1);
    const atOnce = bound.fixed?.batch ?? 6;
    const data = numbers(atOnce * size, 11);
    const rows = rowsOf(bound.model, bound.logits, data, sample);
    // onnxruntime runs batches of the fixed size, or single samples if the batch is free.
    const own = typeof batch === "number" ? batch : 1;
    for (let first = 0; first + own <= atOnce; first += own) {
      const x: Value = { dtype: "f32", shape: [own, ...sample], data: data.slice(first * size, (first + own) * size) };
      const { y } = await runInRuntime(bytes, { x });
      const here = rows.slice(first, first + own).flat();
      expect(y!.data.length).toBe(here.length);
      for (const [i, value] of here.entries()) expect(value).toBeCloseTo(Number(y!.data[i]), 4);
    }
    if (fate.kind === "any") expect(bound.fixed).toBeUndefined();
    else {
      expect(bound.fixed?.batch).toBe(own);
      expect(bound.fixed?.reason).toContain(`node "${fate.named}"`);
      expect(bound.warnings.some((warning) => warning.includes(fate.named))).toBe(fate.kind === "mixes");
    }
    // A batch of one sample: operators that look for axes of size 1 must not match the batch axis.
    if (bound.fixed === undefined) {
      expect(rowsOf(bound.model, bound.logits, data.slice(0, size), sample)[0]).toEqual(rows[0]);
    }
    bound.dispose();
  });
});

describe("symbols of inputs", () => {
  it.each<[string, (string | number)[]]>([
    ["height and width", ["batch", 2, "h", "w"]],
    ["no names", ["batch", -1, -1, -1]],
    ["? on every axis", ["?", "?", "?", "?"]],
    ["N on every axis", ["N", "N", "N", "N"]],
    ["a side that stands twice", ["batch", 2, "side", "side"]],
    ["a fixed batch", [1, 2, "h", "w"]],
  ])("are sized by samples: %s", async (_, shape) => {
    const nodes = [conv, pooled, node("Squeeze", ["g"], "s"), node("MatMul", ["s", "square"], "y")];
    const bytes = fileOf({ nodes, inputs: [{ name: "x", shape }] });
    const model = importOnnx(bytes);
    const bound = bindModel(model, [2, 5, 7]);
    const data = numbers(3 * 70, 12);
    const rows = rowsOf(bound.model, bound.logits, data.slice(0, bound.fixed ? 70 : 210), [2, 5, 7]);
    const count = rows.length;
    const { y } = await runInRuntime(bytes, {
      x: { dtype: "f32", shape: [count, 2, 5, 7], data: data.slice(0, count * 70) },
    });
    for (const [i, value] of rows.flat().entries()) expect(value).toBeCloseTo(Number(y!.data[i]), 4);
    expect(rowsOf(bound.model, bound.logits, data.slice(0, 70), [2, 5, 7])[0]).toEqual(rows[0]);
  });
});
