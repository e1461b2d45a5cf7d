import fc from "fast-check";
import { rounded, storages } from "./computed-weights.js";
import { DataType, type FileNode, floats, int64s, numbers, onnxFile, type Tensor } from "./onnx-file.js";

// Random networks on rows of four numbers, with whatever the passes of an import look for: views of weights, tensors
// that several nodes share, arithmetic on constants and shapes, targets with the batch size in them.

/** A network, and what the generator knows of it. */
export interface RandomNetwork {
  readonly bytes: Uint8Array;
  /** Size or symbol of axis 0 of the input. */
  readonly batch: number | string;
  /** Whether a sample's outputs depend on the other samples. */
  readonly mixes: boolean;
}

interface Drawing {
  readonly batch: number | string;
  readonly nodes: FileNode[];
  /** Fixed [4, 4] values, [4] values, and [4] values above 0. */
  readonly matrices: string[];
  readonly vectors: string[];
  readonly variances: string[];
  /** The last layer's output, [batch, 4]. */
  x: string;
  mixes: boolean;
}

/** Draws one of a list. */
type Pick = <T>(of: readonly T[]) => T;

/** Adds nodes that compute something new, named `v`. */
type Part = (to: Drawing, v: string, pick: Pick) => void;

/** A fixed matrix from one or two others. */
const matrix =
  (nodes: (v: string, a: string, b: string) => FileNode[]): Part =>
  ({ nodes: all, matrices }, v, pick) => {
    all.push(...nodes(v, pick(matrices), pick(matrices)));
    matrices.push(v);
  };

/** A layer from the last one. */
const layer =
  (nodes: (v: string, x: string, to: Drawing, pick: Pick) => FileNode[], mixes = false): Part =>
  (to, v, pick) => {
    to.nodes.push(...nodes(v, to.x, to, pick));
    to.x = v;
    to.mixes ||= mixes;
  };

const node = (op: string, inputs: string[], output: string, attributes: FileNode["attributes"] = {}): FileNode => ({
  op,
  inputs,
  outputs: [output],
  attributes,
});

const parts: Readonly<Record<string, Part>> = {
  transposed: matrix((v, a) => [node("Transpose", [a], v)]),
  same: matrix((v, a) => [node("Identity", [a], v)]),
  reshaped: matrix((v, a) => [node("Reshape", [a, "flat"], `${v}f`), node("Reshape", [`${v}f`, "matrix"], v)]),
  raised: matrix((v, a) => [node("Unsqueeze", [a, "axis"], `${v}u`), node("Squeeze", [`${v}u`, "axis"], v)]),
  cast: matrix((v, a) => [node("Cast", [a], v, { to: DataType.FLOAT })]),
  multiplied: matrix((v, a, b) => [node("Mul", [a, b], v)]),
  bent: matrix((v, a) => [node("Tanh", [a], v)]),
  selected: matrix((v, a) => [node("Gather", [a, "rows"], v)]),
  mean: ({ nodes, matrices, vectors }, v, pick) => {
    nodes.push(node("ReduceMean", [pick(matrices)], v, { axes: [0], keepdims: 0 }));
    vectors.push(v);
  },
  copiedVector: ({ nodes, vectors }, v, pick) => {
    nodes.push(node("Identity", [pick(vectors)], v));
    vectors.push(v);
  },
  flattenedVariance: ({ nodes, variances }, v, pick) => {
    nodes.push(node("Reshape", [pick(variances), "flat"], v));
    variances.push(v);
  },
  product: layer((v, x, { matrices }, pick) => [
    node("MatMul", [x, pick(matrices)], `${v}p`),
    node("Tanh", [`${v}p`], v),
  ]),
  linear: layer((v, x, { matrices, vectors }, pick) => [
    node("Gemm", [x, pick(matrices), pick(vectors)], `${v}p`, { transB: 1 }),
    node("Tanh", [`${v}p`], v),
  ]),
  biased: layer((v, x, { vectors }, pick) => [node("Add", [x, pick(vectors)], v)]),
  rectified: layer((v, x) => [node("Relu", [x], v)]),
  softmax: layer((v, x) => [node("Softmax", [x], v)]),
  normalised: layer((v, x, { vectors, variances }, pick) => [
    node(
      "BatchNormalization",
      [x, pick([...vectors, ...variances]), pick(vectors), pick([...vectors, ...variances]), pick(variances)],
      v,
    ),
  ]),
  convolved: layer((v, x, { matrices }, pick) => [
    node("Reshape", [pick(matrices), "kernel"], `${v}k`),
    node("Reshape", [x, "image"], `${v}i`),
    node("Conv", [`${v}i`, `${v}k`], `${v}c`, { pads: [0, 0, 1, 1] }),
    node("Relu", [`${v}c`], `${v}r`),
    node("MaxPool", [`${v}r`], `${v}m`, { kernel_shape: [2, 2], strides: [2, 2] }),
    node("Flatten", [`${v}m`], v),
  ]),
  turned: layer((v, x) => [
    node("Reshape", [x, "pairs"], `${v}q`),
    node("Transpose", [`${v}q`], `${v}t`, { perm: [0, 2, 1] }),
    node("Reshape", [`${v}t`, "row"], v),
  ]),
  reshapedByShape: layer((v, x) => [
    node("Shape", [x], `${v}s`),
    node("Gather", [`${v}s`, "axis"], `${v}n`),
    node("Concat", [`${v}n`, "pair", "pair"], `${v}d`, { axis: 0 }),
    node("Reshape", [x, `${v}d`], `${v}q`),
    node("Reshape", [`${v}q`, "row"], v),
  ]),
  residual: layer((v, x) => [node("Tanh", [x], `${v}t`), node("Add", [x, `${v}t`], v)]),
  centred: layer(
    (v, x) => [node("ReduceMean", [x], `${v}m`, { axes: [0], keepdims: 1 }), node("Sub", [x, `${v}m`], v)],
    true,
  ),
  divided: layer(
    (v, x) => [
      node("Shape", [x], `${v}s`),
      node("Gather", [`${v}s`, "axis"], `${v}n`),
      node("Cast", [`${v}n`], `${v}f`, { to: DataType.FLOAT }),
      node("Div", [x, `${v}f`], v),
    ],
    true,
  ),
  dividedBySize: layer(
    (v, x) => [
      node("Size", [x], `${v}s`),
      node("Cast", [`${v}s`], `${v}f`, { to: DataType.FLOAT }),
      node("Div", [x, `${v}f`], v),
    ],
    true,
  ),
  offsetByElement: layer(
    (v, x, { matrices }, pick) => [
      node("Shape", [x], `${v}s`),
      node("Gather", [`${v}s`, "axis"], `${v}n`),
      node("Reshape", [pick(matrices), "flat"], `${v}f`),
      node("Gather", [`${v}f`, `${v}n`], `${v}o`),
      node("Add", [x, `${v}o`], v),
    ],
    true,
  ),
  normalisedOverAll: layer(
    (v, x) => [
      node("Reshape", [x, "flat"], `${v}f`),
      node("Softmax", [`${v}f`], `${v}s`, { axis: 0 }),
      node("Reshape", [`${v}s`, "row"], v),
    ],
    true,
  ),
};

const names = Object.keys(parts);
const storageNames = ["raw", "float_data", "raw half", "half in int32_data", "raw double"];

/** Vectors of a file: the first is above 0. */
const vector = (name: string, seed: number): Tensor =>
  floats(name, [4], name === "variance" ? [1, 2, 3, 4] : numbers(4, seed));

function networkOf(
  batch: number | string,
  stored: readonly string[],
  drawn: readonly (readonly [part: string, draws: readonly number[]])[],
  withTap: boolean,
): RandomNetwork {
  const size = typeof batch === "number" ? batch : -1;
  const initializers = [
    ...["bias", "mean", "variance"].map(vector),
    int64s("matrix", [4, 4]),
    int64s("flat", [-1]),
    int64s("kernel", [4, 1, 2, 2]),
    int64s("rows", [3, 1, 0, 2]),
    int64s("axis", [0]),
    int64s("pair", [2]),
    int64s("image", [size, 1, 2, 2]),
    int64s("pairs", [size, 2, 2]),
    int64s("row", [size, 4]),
  ];
  const drawing: Drawing = {
    batch,
    nodes: [],
    matrices: [],
    vectors: ["bias", "mean"],
    variances: ["variance"],
    x: "x",
    mixes: false,
  };
  for (const [i, storage] of stored.entries()) {
    const tensor = storages[storage]!(`w${i}`, [4, 4], numbers(16, i + 5).map(rounded));
    initializers.push(tensor);
    drawing.nodes.push(node("Cast", [`w${i}`], `c${i}`, { to: DataType.FLOAT }));
    drawing.matrices.push(tensor.dataType === DataType.FLOAT ? `w${i}` : `c${i}`);
  }
  let tap: string | undefined;
  for (const [i, [part, draws]] of drawn.entries()) {
    let at = 0;
    // Late values are drawn more often, so that few parts are in vain.
    parts[part]!(drawing, `v${i}`, (of) => of.at(-1 - Math.floor((draws[at++]! / 60) ** 2 * of.length))!);
    if (drawing.x !== "x") tap ??= drawing.x;
  }
  drawing.nodes.push(node("Add", [drawing.x, "bias"], "y"));
  const outputs = ["y", ...(withTap && tap !== undefined ? [tap] : [])].map((name) => ({ name }));
  const bytes = onnxFile({
    opset: 13,
    nodes: drawing.nodes,
    initializers,
    inputs: [{ name: "x", shape: [batch, 4] }],
    outputs,
  });
  // The only sample of a batch can't mix with another one, but the operators could.
  return { bytes, batch, mixes: drawing.mixes };
}

/** Random networks of a few parts. */
export const randomNetworks: fc.Arbitrary<RandomNetwork> = fc
  .tuple(
    fc.constantFrom<(number | string)[]>(1, 2, 3, "batch", "?"),
    fc.array(fc.constantFrom(...storageNames), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom(...names), fc.array(fc.nat(59), { minLength: 4, maxLength: 4 })), {
      maxLength: 14,
    }),
    fc.boolean(),
  )
  .map((drawn) => networkOf(...drawn));
