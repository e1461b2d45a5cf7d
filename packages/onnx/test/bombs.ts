import { DataType, type FileNode, floats, int64s, numbers, onnxFile, type Tensor } from "./onnx-file.js";

const x = { name: "x", shape: ["batch", 4] };

/** Nodes that compute y = x + mean(value), so that the value is needed. */
function file(nodes: readonly FileNode[], last: string, initializers: readonly Tensor[] = []): Uint8Array {
  return onnxFile({
    nodes: [
      ...nodes,
      { op: "ReduceMean", inputs: [last], outputs: ["mean"], attributes: { keepdims: 0 } },
      { op: "Add", inputs: ["x", "mean"], outputs: ["y"] },
    ],
    inputs: [x],
    outputs: [{ name: "y" }],
    initializers,
  });
}

/** A chain of nodes: each reads the output of the previous one. */
function chain(
  count: number,
  first: string,
  make: (input: string, output: string, i: number) => FileNode,
): { nodes: FileNode[]; last: string } {
  const nodes = Array.from({ length: count }, (_, i) => make(i === 0 ? first : `v${i - 1}`, `v${i}`, i));
  return { nodes, last: `v${count - 1}` };
}

/** Many nodes with the same input, whose outputs are summed one after another. */
function fan(count: number, make: (output: string, i: number) => FileNode): { nodes: FileNode[]; last: string } {
  const nodes: FileNode[] = [];
  for (let i = 0; i < count; i++) {
    nodes.push(make(`f${i}`, i));
    nodes.push({ op: "ReduceMean", inputs: [`f${i}`], outputs: [`m${i}`], attributes: { keepdims: 0 } });
    nodes.push({ op: "Add", inputs: [i === 0 ? "zero" : `s${i - 1}`, `m${i}`], outputs: [`s${i}`] });
  }
  return { nodes, last: `s${count - 1}` };
}

const zero = floats("zero", [], [0]);
const big = (name: string, n: number): Tensor => int64s(name, [n]);
const filled = (shape: string, output: string, value = 0): FileNode => ({
  op: "ConstantOfShape",
  inputs: [shape],
  outputs: [output],
  attributes: { value: { tensor: floats("", [1], [value]) } },
});
const cast = (output: string, input: string): FileNode => ({
  op: "Cast",
  inputs: [input],
  outputs: [output],
  attributes: { to: DataType.FLOAT },
});

const doubling = (count: number, first: string) =>
  chain(count, first, (input, output) => ({
    op: "Concat",
    inputs: [input, input],
    outputs: [output],
    attributes: { axis: 0 },
  }));
/** Shape arithmetic that gives [2^23]: four million for each element of x. */
const million = big("million", 2 ** 21);
const hugeShape: FileNode[] = [
  { op: "Shape", inputs: ["x"], outputs: ["s"], attributes: { start: 1 } },
  { op: "Mul", inputs: ["s", "million"], outputs: ["n"] },
];
const perms = Array.from({ length: 720 }, (_, i) => {
  const left = [0, 1, 2, 3, 4, 5];
  return [120, 24, 6, 2, 1, 1].map((base) => left.splice(Math.floor(i / base) % left.length, 1)[0]!);
});

const overlapping = file(
  Array.from(
    { length: 250 },
    (_, i): FileNode => ({ op: "Add", inputs: [i === 0 ? "w0" : `s${i - 1}`, `w${i}`], outputs: [`s${i}`] }),
  ),
  "s249",
  Array.from({ length: 250 }, (_, i) => ({
    name: `w${i}`,
    dims: [2n ** 18n],
    dataType: DataType.FLOAT,
    dataLocation: 1,
    externalData: [{ key: "location", value: "weights.bin" }],
  })),
);

/** Files of at most 40 kB that ask for gigabytes or minutes, or have enough nodes to expose superlinear time. */
export const bombs: Readonly<Record<string, () => Uint8Array>> = {
  "a doubling chain of Concats": () => {
    const { nodes, last } = doubling(40, "w");
    return file(nodes, last, [floats("w", [64], numbers(64))]);
  },
  "a doubling chain of Concats just below the largest value": () => {
    const { nodes, last } = doubling(22, "w");
    return file(nodes, last, [floats("w", [64], numbers(64))]);
  },
  "a doubling chain of an input": () => {
    const { nodes, last } = chain(27, "x", (input, output) => ({
      op: "Concat",
      inputs: [input, input],
      outputs: [output],
      attributes: { axis: 1 },
    }));
    return file(nodes, last);
  },
  "a doubling chain of integers": () => {
    const { nodes, last } = doubling(30, "n");
    return file([...nodes, cast("f", last)], "f", [int64s("n", [1, 2])]);
  },
  "a doubling chain of an input's shape": () => {
    const { nodes, last } = doubling(23, "n");
    return file([{ op: "Shape", inputs: ["x"], outputs: ["n"] }, ...nodes, cast("f", last)], "f");
  },
  "hundreds of ConstantOfShape": () => {
    const { nodes, last } = fan(250, (output, i) => filled("n", output, i));
    return file(nodes, last, [zero, big("n", 2 ** 22)]);
  },
  "hundreds of ConstantOfShape that nobody reads": () => {
    const nodes = Array.from({ length: 300 }, (_, i) => filled("n", `f${i}`, i));
    return file(nodes, "zero", [zero, big("n", 2 ** 24)]);
  },
  "hundreds of ConstantOfShape by an input's shape": () => {
    const { nodes, last } = fan(200, (output, i) => filled("n", output, i));
    return file([...hugeShape, ...nodes], last, [zero, million]);
  },
  "hundreds of integer ConstantOfShape by an input's shape": () => {
    const nodes = Array.from(
      { length: 200 },
      (_, i): FileNode => ({
        op: "ConstantOfShape",
        inputs: ["n"],
        outputs: [`f${i}`],
        attributes: { value: { tensor: int64s("", [i]) } },
      }),
    );
    const all = nodes.map(({ outputs }) => outputs[0]!);
    return file(
      [
        ...hugeShape,
        ...nodes,
        { op: "Concat", inputs: all, outputs: ["all"], attributes: { axis: 0 } },
        cast("f", "all"),
      ],
      "f",
      [million],
    );
  },
  "a Gather that amplifies": () =>
    file([{ op: "Gather", inputs: ["w", "rows"], outputs: ["g"] }], "g", [
      floats("w", [1, 4000], numbers(4000)),
      { name: "rows", dims: [2000n, 1n], dataType: DataType.INT64, int64Data: new Array<bigint>(2000).fill(0n) },
    ]),
  "a chain of Gathers that amplify": () => {
    const { nodes, last } = chain(20, "w", (input, output) => ({
      op: "Gather",
      inputs: [input, "rows"],
      outputs: [output],
    }));
    return file(nodes, last, [
      floats("w", [1, 4], numbers(4)),
      { name: "rows", dims: [1000n], dataType: DataType.INT64, int64Data: new Array<bigint>(1000).fill(0n) },
    ]);
  },
  "hundreds of broadcasts": () => {
    const { nodes, last } = chain(300, "row", (input, output, i) => ({
      op: i % 2 === 0 ? "Add" : "Mul",
      inputs: [input, "column"],
      outputs: [output],
    }));
    return file(nodes, last, [floats("row", [1, 1500], numbers(1500)), floats("column", [1500, 1], numbers(1500))]);
  },
  "a Pad of gigabytes": () =>
    file([{ op: "Pad", inputs: ["w", "pads"], outputs: ["p"] }], "p", [
      floats("w", [4], numbers(4)),
      int64s("pads", [2 ** 30, 2 ** 30]),
    ]),
  "Pads beyond all bounds": () =>
    file([{ op: "Pad", inputs: ["w", "pads"], outputs: ["p"] }], "p", [
      floats("w", [4], numbers(4)),
      int64s("pads", [2 ** 52, 2 ** 52]),
    ]),
  "Pads of nothing": () => {
    const { nodes, last } = chain(100, "w", (input, output) => ({
      op: "Pad",
      inputs: [input, "pads"],
      outputs: [output],
    }));
    return file([...nodes, cast("f", last)], "f", [int64s("w", [], [0, 1]), int64s("pads", [0, 2 ** 20, 0, 0])]);
  },
  "a Reshape to huge sizes": () =>
    file([{ op: "Reshape", inputs: ["w", "s"], outputs: ["r"] }], "r", [
      floats("w", [0], []),
      int64s("s", [0, 2 ** 40]),
    ]),
  "Concats of huge sizes of nothing": () => {
    const { nodes, last } = chain(100, "r", (input, output) => ({
      op: "Concat",
      inputs: [input, input],
      outputs: [output],
      attributes: { axis: 1 },
    }));
    return file(
      [{ op: "Reshape", inputs: ["w", "s"], outputs: ["r"], attributes: { allowzero: 1 } }, ...nodes, cast("f", last)],
      "f",
      [{ name: "w", dims: [0n], dataType: DataType.INT64 }, int64s("s", [2 ** 27, 0])],
    );
  },
  "an Unsqueeze of thousands of axes": () => {
    const axes = Array.from({ length: 4000 }, (_, i) => i);
    const { nodes, last } = fan(50, (output) => ({ op: "Unsqueeze", inputs: ["w", "axes"], outputs: [output] }));
    return file(nodes, last, [zero, floats("w", [4], numbers(4)), int64s("axes", axes)]);
  },
  "an initializer that claims a huge shape": () =>
    file([], "w", [{ name: "w", dims: [2n ** 31n - 1n], dataType: DataType.FLOAT, rawData: new Uint8Array(8) }]),
  "an initializer of nothing with huge sizes": () =>
    file([{ op: "Transpose", inputs: ["w"], outputs: ["t"] }], "t", [
      { name: "w", dims: [0n, 2n ** 40n], dataType: DataType.FLOAT },
    ]),
  "thousands of Transposes of one weight": () => {
    const { nodes, last } = fan(240, (output, i) => ({
      op: "Transpose",
      inputs: ["w"],
      outputs: [output],
      attributes: { perm: perms[3 * i]! },
    }));
    return file(nodes, last, [zero, floats("w", [2, 2, 2, 2, 2, 5], numbers(160))]);
  },
  "thousands of Transposes of a made weight": () => {
    const { nodes, last } = chain(700, "w", (input, output, i) => ({
      op: "Transpose",
      inputs: [input],
      outputs: [output],
      ...(i % 2 === 0 && { attributes: { perm: [1, 0] } }),
    }));
    return file([filled("n", "w"), ...nodes], last, [int64s("n", [2048, 1024])]);
  },
  "thousands of Reshapes of one weight": () => {
    const { nodes, last } = fan(350, (output, i) => ({
      op: "Reshape",
      inputs: ["w", i % 2 === 0 ? "a" : "b"],
      outputs: [output],
    }));
    return file(nodes, last, [zero, floats("w", [2000], numbers(2000)), int64s("a", [50, 40]), int64s("b", [40, 50])]);
  },
  "thousands of Slices of a made weight": () => {
    const { nodes, last } = fan(250, (output, i) => ({
      op: "Slice",
      inputs: ["w", `at${i % 8}`, "end"],
      outputs: [output],
    }));
    return file([filled("n", "w"), ...nodes], last, [
      zero,
      big("n", 2 ** 22),
      int64s("end", [2 ** 22]),
      ...Array.from({ length: 8 }, (_, i) => int64s(`at${i}`, [2 ** 22 - 1 - i])),
    ]);
  },
  "a long chain of small sums": () => {
    const { nodes, last } = chain(900, "w", (input, output) => ({
      op: "Add",
      inputs: [input, "w"],
      outputs: [output],
    }));
    return file(nodes, last, [floats("w", [1000], numbers(1000))]);
  },
  "products of made matrices": () => {
    const { nodes, last } = chain(300, "w", (input, output) => ({
      op: "MatMul",
      inputs: [input, "w"],
      outputs: [output],
    }));
    return file([filled("n", "w", 0.001), ...nodes], last, [int64s("n", [1024, 1024])]);
  },
  "a convolution of made images": () => {
    const conv: FileNode = { op: "Conv", inputs: ["image", "kernel"], outputs: ["c"] };
    return file([filled("n", "image"), filled("k", "kernel"), conv], "c", [
      int64s("n", [1, 4, 1024, 1024]),
      int64s("k", [64, 4, 63, 63]),
    ]);
  },
  "a convolution with made kernels as large as images": () => {
    const conv: FileNode = { op: "Conv", inputs: ["image", "kernel"], outputs: ["c"] };
    return file([filled("n", "image"), filled("k", "kernel"), conv], "c", [
      int64s("n", [1, 1, 1024, 1024]),
      int64s("k", [4, 1, 512, 512]),
    ]);
  },
  "pools with windows as large as images": () => {
    const nodes = ["MaxPool", "AveragePool"].map(
      (op): FileNode => ({ op, inputs: ["image"], outputs: [op], attributes: { kernel_shape: [512, 512] } }),
    );
    return file(
      [filled("n", "image"), ...nodes, { op: "Add", inputs: ["MaxPool", "AveragePool"], outputs: ["sum"] }],
      "sum",
      [int64s("n", [1, 1, 1024, 1024])],
    );
  },
  "thousands of unknown operators": () =>
    onnxFile({
      nodes: Array.from({ length: 6000 }, () => ({ op: "A", inputs: [], outputs: [] })),
      inputs: [x],
      outputs: [{ name: "x" }],
    }),
  "a chain of insertions into a list": () => {
    const { nodes, last } = chain(900, "empty", (input, output) => ({
      op: "SequenceInsert",
      inputs: [input, "w"],
      outputs: [output],
    }));
    const empty: FileNode = { op: "SequenceEmpty", inputs: [], outputs: ["empty"] };
    const at: FileNode = { op: "SequenceAt", inputs: [last, "at"], outputs: ["f"] };
    return file([empty, ...nodes, at], "f", [floats("w", [4], numbers(4)), int64s("at", [0], [])]);
  },
  "hundreds of concatenations of a long list": () => {
    const { nodes, last } = fan(200, (output) => ({
      op: "ConcatFromSequence",
      inputs: ["list"],
      outputs: [output],
      attributes: { axis: 0, new_axis: 1 },
    }));
    const inputs = new Array<string>(2000).fill("w");
    return file([{ op: "SequenceConstruct", inputs, outputs: ["list"] }, ...nodes], last, [
      zero,
      floats("w", [4], numbers(4)),
    ]);
  },
  "a split into as many slices as a declared size": () =>
    onnxFile({
      nodes: [
        { op: "SplitToSequence", inputs: ["x"], outputs: ["list"], attributes: { axis: 1 } },
        { op: "ConcatFromSequence", inputs: ["list"], outputs: ["y"], attributes: { axis: 0 } },
      ],
      inputs: [{ name: "x", shape: ["N", 2 ** 31 - 1] }],
      outputs: [{ name: "y" }],
    }),
  "external tensors that overlap": () => overlapping,
  "batch normalisations of one vector": () => {
    const { nodes, last } = chain(500, "x", (input, output) => ({
      op: "BatchNormalization",
      inputs: [input, "w", "w", "w", "w"],
      outputs: [output],
    }));
    return onnxFile({
      nodes,
      inputs: [{ name: "x", shape: ["batch", 4000] }],
      outputs: [{ name: last }],
      initializers: [floats("w", [4000], numbers(4000).map(Math.abs))],
    });
  },
};

/** Large files of many small nodes. */
export const crowds: Readonly<Record<string, () => Uint8Array>> = {
  "a chain of Relus": () => {
    const { nodes, last } = chain(30_000, "x", (input, output) => ({ op: "Relu", inputs: [input], outputs: [output] }));
    return onnxFile({ nodes, inputs: [x], outputs: [{ name: last }] });
  },
  "nodes of one name": () => {
    const { nodes, last } = chain(30_000, "x", (input, output) => ({
      op: "Relu",
      name: "relu",
      inputs: [input],
      outputs: [output],
    }));
    return onnxFile({ nodes, inputs: [x], outputs: [{ name: last }] });
  },
  "readers of one value": () => {
    const { nodes, last } = chain(30_000, "x", (input, output) => ({
      op: "Add",
      inputs: [input, "x"],
      outputs: [output],
    }));
    return onnxFile({ nodes, inputs: [x], outputs: [{ name: last }] });
  },
  "nodes from last to first": () => {
    const { nodes, last } = chain(30_000, "x", (input, output) => ({ op: "Relu", inputs: [input], outputs: [output] }));
    return onnxFile({ nodes: nodes.reverse(), inputs: [x], outputs: [{ name: last }] });
  },
  "Identities of a weight": () => {
    const { nodes, last } = chain(30_000, "w", (input, output) => ({
      op: "Identity",
      inputs: [input],
      outputs: [output],
    }));
    return file(nodes, last, [floats("w", [4], numbers(4))]);
  },
  "Reshapes of a weight that others read": () => {
    const { nodes } = chain(12_000, "w", (_, output, i) => ({
      op: "Reshape",
      inputs: ["w", i % 2 === 0 ? "a" : "b"],
      outputs: [output],
    }));
    const sums: FileNode[] = nodes.map(({ outputs }, i) => ({
      op: "MatMul",
      inputs: [i === 0 ? "x" : `t${i - 1}`, outputs[0]!],
      outputs: [`t${i}`],
    }));
    return onnxFile({
      nodes: [...nodes, ...sums],
      inputs: [x],
      outputs: [{ name: "t11999" }],
      initializers: [floats("w", [16], numbers(16)), int64s("a", [4, 4]), int64s("b", [4, -1])],
    });
  },
  "Transposes of a weight one after another": () => {
    const { nodes, last } = chain(30_000, "w", (input, output) => ({
      op: "Transpose",
      inputs: [input],
      outputs: [output],
    }));
    return file(nodes, last, [floats("w", [2, 2], numbers(4))]);
  },
  "views one after another, all of them read": () => {
    const { nodes } = chain(12_000, "w", (input, output) => ({ op: "Transpose", inputs: [input], outputs: [output] }));
    const products: FileNode[] = nodes.map(({ outputs }, i) => ({
      op: "MatMul",
      inputs: [i === 0 ? "x" : `t${i - 1}`, outputs[0]!],
      outputs: [`t${i}`],
    }));
    return onnxFile({
      nodes: [...nodes, ...products],
      inputs: [x],
      outputs: [{ name: "t11999" }],
      initializers: [floats("w", [4, 4], numbers(16))],
    });
  },
  "lists of one tensor": () => {
    const nodes = Array.from({ length: 10_000 }, (_, i): FileNode[] => [
      { op: "SequenceConstruct", inputs: [i === 0 ? "x" : `t${i - 1}`], outputs: [`s${i}`] },
      { op: "SequenceAt", inputs: [`s${i}`, "at"], outputs: [`t${i}`] },
    ]).flat();
    return onnxFile({ nodes, inputs: [x], outputs: [{ name: "t9999" }], initializers: [int64s("at", [0], [])] });
  },
  initializers: () => {
    const { nodes, last } = chain(12_000, "x", (input, output, i) => ({
      op: "Add",
      inputs: [input, `w${i}`],
      outputs: [output],
    }));
    return onnxFile({
      nodes,
      inputs: [x],
      outputs: [{ name: last }],
      initializers: nodes.map((_, i) => floats(`w${i}`, [4], numbers(4, i))),
    });
  },
  "folded weights": () => {
    const { nodes } = chain(12_000, "x", (_, output, i) => ({
      op: "Mul",
      inputs: [`w${i % 100}`, `w${Math.floor(i / 100) % 100}`],
      outputs: [output],
    }));
    const products: FileNode[] = nodes.map(({ outputs }, i) => ({
      op: "MatMul",
      inputs: [i === 0 ? "x" : `t${i - 1}`, outputs[0]!],
      outputs: [`t${i}`],
    }));
    return onnxFile({
      nodes: [...nodes, ...products],
      inputs: [x],
      outputs: [{ name: "t11999" }],
      initializers: Array.from({ length: 100 }, (_, i) => floats(`w${i}`, [4, 4], numbers(16, i))),
    });
  },
};
