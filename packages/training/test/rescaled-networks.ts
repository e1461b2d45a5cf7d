import { type AttributeValue, type GraphNode, inferNodes, type KnownValue, Model } from "@neft/model";
import { normals, parameter, stream, type Tensor, tensor } from "@neft/tensor";

/** Builds networks of any nodes, with normal parameters. Batch 2. */
export class Net {
  readonly nodes: GraphNode[] = [];
  readonly parameters = new Map<string, Tensor>();
  readonly constants = new Map<string, Tensor>();
  readonly #known = new Map<string, KnownValue>();

  constructor(
    readonly seed: number,
    readonly input: readonly number[],
  ) {
    this.#known.set("x", { dtype: "f32", shape: [2, ...input] });
  }

  shape(name: string): readonly number[] {
    return this.#known.get(name)!.shape;
  }

  /** A normal parameter; positive with `isPositive`. */
  parameter(shape: readonly number[], isPositive = false): string {
    const name = `p${this.parameters.size}`;
    const size = shape.reduce((all, n) => all * n, 1);
    const values = normals(stream(this.seed, { purpose: "test", name }), size);
    // Outliers give the weights a range that equalising can use.
    for (let i = 0; i < size; i += 7) values[i]! *= 3;
    const data = isPositive ? values.map((value) => 0.5 + Math.abs(value)) : values;
    this.parameters.set(name, parameter(data, [...shape]));
    this.#known.set(name, { dtype: "f32", shape });
    return name;
  }

  floats(values: readonly number[], shape: readonly number[]): string {
    const name = `c${this.constants.size}`;
    this.constants.set(name, tensor(Float32Array.from(values), [...shape]));
    this.#known.set(name, { dtype: "f32", shape, data: Float32Array.from(values) });
    return name;
  }

  integers(...values: number[]): string {
    const name = `c${this.constants.size}`;
    const data = BigInt64Array.from(values, BigInt);
    this.constants.set(name, tensor(data, [values.length], "i64"));
    this.#known.set(name, { dtype: "i64", shape: [values.length], data });
    return name;
  }

  all(op: string, inputs: readonly string[], attributes: Record<string, AttributeValue>, outputs: number): string[] {
    const name = `n${this.nodes.length}`;
    const node = { name, op, inputs, attributes, outputs: Array.from({ length: outputs }, (_, i) => `${name}.${i}`) };
    inferNodes([node], this.#known);
    this.nodes.push(node);
    return node.outputs;
  }

  node(op: string, inputs: readonly string[], attributes: Record<string, AttributeValue> = {}): string {
    return this.all(op, inputs, attributes, 1)[0]!;
  }

  model(...outputs: string[]): Model {
    return new Model({
      name: "net",
      inputs: [{ name: "x", dtype: "f32", shape: ["N", ...this.input] }],
      outputs: outputs.map((name) => ({ name, dtype: "f32" as const, shape: ["N", ...this.shape(name).slice(1)] })),
      nodes: this.nodes,
      parameters: this.parameters,
      constants: this.constants,
    });
  }
}

type Layer = (net: Net, x: string) => string;

const channels = (net: Net, x: string): number => net.shape(x)[1]!;
const rank = (net: Net, x: string): number => net.shape(x).length;

/** A convolution with a kernel of 3 that keeps the sizes, over as many axes as x has. */
const conv = (net: Net, x: string, outputs: number, group = 1, bias = true): string => {
  const axes = rank(net, x) - 2;
  const weight = net.parameter([outputs, channels(net, x) / group, ...Array(axes).fill(3)]);
  const inputs = bias ? [x, weight, net.parameter([outputs])] : [x, weight];
  return net.node("Conv", inputs, { pads: Array(2 * axes).fill(1), group });
};

const norm: Layer = (net, x) => {
  const c = [channels(net, x)];
  const [gain, shift, mean, variance] = [net.parameter(c), net.parameter(c), net.parameter(c), net.parameter(c, true)];
  return net.node("BatchNormalization", [x, gain, shift, mean, variance], { epsilon: 1e-3 });
};

const perChannel = (net: Net, x: string): number[] => [channels(net, x), ...Array(rank(net, x) - 2).fill(1)];
const zero = (net: Net) => net.floats([0], []);

/**
 * Layers on [N, C, H, W] with C, H and W divisible by 4; each gives such a value.
 */
export const imageLayers: Readonly<Record<string, Layer>> = {
  conv: (net, x) => conv(net, x, 8),
  convWithoutBias: (net, x) => conv(net, x, 4, 1, false),
  grouped: (net, x) => conv(net, x, 8, 2),
  depthwise: (net, x) => conv(net, x, channels(net, x), channels(net, x)),
  multiplied: (net, x) => conv(net, x, 2 * channels(net, x), channels(net, x)),
  transposed: (net, x) =>
    net.node("ConvTranspose", [x, net.parameter([channels(net, x), 4, 3, 3]), net.parameter([4])], {
      pads: [1, 1, 1, 1],
    }),
  transposedGroups: (net, x) =>
    net.node("ConvTranspose", [x, net.parameter([channels(net, x), 2, 3, 3]), net.parameter([4])], {
      pads: [1, 1, 1, 1],
      group: 2,
    }),
  norm: (net, x) => norm(net, x),
  convNorm: (net, x) => norm(net, conv(net, x, 8)),
  relu: (net, x) => net.node("Relu", [x]),
  leaky: (net, x) => net.node("LeakyRelu", [x], { alpha: 0.2 }),
  prelu: (net, x) => net.node("PRelu", [x, net.parameter(perChannel(net, x))]),
  relu6: (net, x) => net.node("Clip", [x, zero(net), net.floats([6], [])]),
  positive: (net, x) => net.node("Clip", [x, zero(net)]),
  sigmoid: (net, x) => net.node("Sigmoid", [x]),
  gelu: (net, x) => net.node("Gelu", [x]),
  absolute: (net, x) => net.node("Abs", [x]),
  negative: (net, x) => net.node("Neg", [x]),
  maxPool: (net, x) => net.node("MaxPool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  averagePool: (net, x) => net.node("AveragePool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
  upsample: (net, x) =>
    net.node("Resize", [x, "", net.floats([1, 1, 2, 2], [4])], {
      mode: "linear",
      coordinate_transformation_mode: "half_pixel",
    }),
  padded: (net, x) => net.node("Pad", [x, net.integers(0, 0, 2, 2, 0, 0, 2, 2)]),
  reflected: (net, x) => net.node("Pad", [x, net.integers(0, 0, 2, 2, 0, 0, 2, 2)], { mode: "reflect" }),
  paddedWithOnes: (net, x) => net.node("Pad", [x, net.integers(0, 0, 2, 2, 0, 0, 2, 2), net.floats([1], [])]),
  biased: (net, x) => net.node("Add", [x, net.parameter(perChannel(net, x))]),
  subtracted: (net, x) => net.node("Sub", [net.parameter(perChannel(net, x)), x]),
  shifted: (net, x) => net.node("Add", [x, net.floats([0.5], [])]),
  gained: (net, x) => net.node("Mul", [x, net.parameter(perChannel(net, x))]),
  divided: (net, x) => net.node("Div", [x, net.parameter(perChannel(net, x), true)]),
  halved: (net, x) => net.node("Mul", [x, net.floats([0.5], [])]),
  residual: (net, x) => net.node("Add", [x, conv(net, net.node("Relu", [x]), channels(net, x))]),
  projected: (net, x) => net.node("Relu", [net.node("Add", [norm(net, conv(net, x, 8)), conv(net, x, 8)])]),
  joined: (net, x) => net.node("Concat", [conv(net, x, 4), net.node("Relu", [x])], { axis: 1 }),
  split: (net, x) => {
    const [a, b] = net.all("Split", [conv(net, x, 8)], { axis: 1, num_outputs: 2 }, 2) as [string, string];
    return net.node("Concat", [net.node("Relu", [b]), a], { axis: 1 });
  },
  sliced: (net, x) => net.node("Slice", [conv(net, x, 8), net.integers(2), net.integers(6), net.integers(1)]),
  spaceToDepth: (net, x) => net.node("SpaceToDepth", [x], { blocksize: 2 }),
  depthToSpace: (net, x) => net.node("DepthToSpace", [conv(net, x, 16)], { blocksize: 2 }),
  turned: (net, x) => {
    const y = net.node("Relu", [net.node("Transpose", [x], { perm: [0, 2, 3, 1] })]);
    return net.node("Transpose", [y], { perm: [0, 3, 1, 2] });
  },
  matrix: (net, x) => {
    const y = net.node("Transpose", [x], { perm: [0, 2, 3, 1] });
    const z = net.node("Add", [net.node("MatMul", [y, net.parameter([channels(net, x), 8])]), net.parameter([8])]);
    return net.node("Transpose", [z], { perm: [0, 3, 1, 2] });
  },
  squeezed: (net, x) => {
    const gate = net.node("Sigmoid", [conv(net, net.node("GlobalAveragePool", [x]), channels(net, x))]);
    return net.node("Mul", [x, gate]);
  },
  swish: (net, x) => net.node("Mul", [x, net.node("Sigmoid", [x])]),
  squared: (net, x) => net.node("Mul", [x, x]),
  normalised: (net, x) =>
    net.node("InstanceNormalization", [x, net.parameter([channels(net, x)]), net.parameter([channels(net, x)])]),
  grouped2: (net, x) =>
    net.node("GroupNormalization", [x, net.parameter([channels(net, x)]), net.parameter([channels(net, x)])], {
      num_groups: 2,
    }),
  dropped: (net, x) => net.node("Dropout", [x]),
  droppedWithMask: (net, x) => net.all("Dropout", [x], {}, 2)[0]!,
  cast: (net, x) => net.node("Cast", [x], { to: "f32" }),
  reshapedByShape: (net, x) => {
    const batch = net.node("Slice", [net.node("Shape", [x]), net.integers(0), net.integers(1)]);
    const rest = net.integers(...net.shape(x).slice(1));
    return net.node("Reshape", [net.node("Relu", [x]), net.node("Concat", [batch, rest], { axis: 0 })]);
  },
  biasFromData: (net, x) => {
    const bias = net.node("ReduceMean", [conv(net, x, 8), net.integers(0, 2, 3)], { keepdims: 0 });
    return net.node("Conv", [x, net.parameter([8, channels(net, x), 1, 1]), bias]);
  },
  normFromData: (net, x) => {
    const mean = net.node("ReduceMean", [x, net.integers(0, 2, 3)], { keepdims: 0 });
    const c = [channels(net, x)];
    const [gain, shift, variance] = [net.parameter(c), net.parameter(c), net.parameter(c, true)];
    return net.node("BatchNormalization", [x, gain, shift, mean, variance], { epsilon: 1e-3 });
  },
  slopeFromData: (net, x) => net.node("PRelu", [x, net.node("Abs", [conv(net, x, channels(net, x))])]),
  resizedChannels: (net, x) => {
    const turned = net.node("Transpose", [x], { perm: [0, 2, 1, 3] });
    const scales = net.floats([1, 1, 1.1, 1], [4]);
    const attributes = { mode: "linear", coordinate_transformation_mode: "asymmetric" };
    return net.node("Transpose", [net.node("Resize", [turned, "", scales], attributes)], { perm: [0, 2, 1, 3] });
  },
  cropped: (net, x) => {
    const region = net.floats([0, 0, 0, 0, 1, 1, 1.5, 1.5], [8]);
    const attributes = { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize", extrapolation_value: 5 };
    return net.node("Resize", [x, region, "", net.integers(...net.shape(x))], attributes);
  },
  empty: (net, x) => {
    const none = () => net.node("Slice", [x, net.integers(2), net.integers(2), net.integers(1)]);
    return net.node("Concat", [net.node("Add", [none(), none()]), x], { axis: 1 });
  },
  larger: (net, x) => net.node("Max", [x, conv(net, x, channels(net, x))]),
  averaged: (net, x) => net.node("Mean", [x, conv(net, x, channels(net, x)), net.node("Identity", [x])]),
  shared: (net, x) => {
    // One weight, read twice.
    const y = conv(net, x, channels(net, x));
    const { inputs, attributes } = net.nodes.at(-1)!;
    return net.node("Conv", [net.node("Relu", [y]), ...inputs.slice(1)], attributes);
  },
};

/** Ends of networks on images: [N, C, H, W] to [N, 5]. */
export const imageEnds: Readonly<Record<string, Layer>> = {
  flattened: (net, x) => linear(net, net.node("Relu", [linear(net, net.node("Flatten", [x]), 12)]), 5),
  reshaped: (net, x) => linear(net, net.node("Reshape", [x, net.integers(0, -1)]), 5),
  pooled: (net, x) => linear(net, net.node("Flatten", [net.node("GlobalAveragePool", [x])]), 5),
  meaned: (net, x) => linear(net, net.node("ReduceMean", [x, net.integers(2, 3)], { keepdims: 0 }), 5),
  largest: (net, x) => linear(net, net.node("Flatten", [net.node("GlobalMaxPool", [x])]), 5),
};

const linear = (net: Net, x: string, outputs: number): string =>
  net.node("Gemm", [x, net.parameter([outputs, net.shape(x)[1]!]), net.parameter([outputs])], { transB: 1 });

const matmul = (net: Net, x: string, outputs: number): string =>
  net.node("Add", [net.node("MatMul", [x, net.parameter([net.shape(x).at(-1)!, outputs])]), net.parameter([outputs])]);

const layerNorm: Layer = (net, x) => {
  const width = [net.shape(x).at(-1)!];
  return net.node("LayerNormalization", [x, net.parameter(width), net.parameter(width)]);
};

/** Blocks on [N, T, 8]; each gives such a value. */
export const sequenceLayers: Readonly<Record<string, Layer>> = {
  norm: layerNorm,
  perceptron: (net, x) => net.node("Add", [x, matmul(net, net.node("Relu", [matmul(net, layerNorm(net, x), 16)]), 8)]),
  gelu: (net, x) => matmul(net, net.node("Gelu", [matmul(net, x, 16)]), 8),
  normWithOneShift: (net, x) =>
    net.node("LayerNormalization", [matmul(net, x, 8), net.parameter([8]), net.parameter([1])]),
  masked: (net, x) => {
    const [q, k, v] = [matmul(net, x, 8), matmul(net, x, 8), matmul(net, x, 8)] as [string, string, string];
    const mask = net.node("Reshape", [net.node("Relu", [matmul(net, x, 6)]), net.integers(0, 1, 6, 6)]);
    return matmul(net, net.node("Attention", [q, k, v, mask], { q_num_heads: 2, kv_num_heads: 2, scale: 0.1 }), 8);
  },
  channelsFirst: (net, x) => {
    // Values on the left: channels are rows.
    const [q, k, v] = [matmul(net, x, 8), matmul(net, x, 8), matmul(net, x, 8)] as [string, string, string];
    const scores = net.node("MatMul", [q, net.node("Transpose", [k], { perm: [0, 2, 1] })]);
    const shares = net.node("Softmax", [net.node("Mul", [scores, net.floats([0.1], [])])], { axis: -1 });
    const turned = net.node("Transpose", [shares], { perm: [0, 2, 1] });
    const y = net.node("MatMul", [net.node("Transpose", [v], { perm: [0, 2, 1] }), turned]);
    return matmul(net, net.node("Transpose", [y], { perm: [0, 2, 1] }), 8);
  },
  fusedResidual: (net, x) => {
    const rows = net.node("Reshape", [x, net.integers(-1, 8)]);
    const h = net.node("Relu", [linear(net, rows, 8)]);
    const sum = net.node("Gemm", [rows, net.parameter([8, 8]), h], { transB: 1 });
    return net.node("Reshape", [sum, net.integers(-1, 6, 8)]);
  },
  gated: (net, x) => matmul(net, net.node("Mul", [matmul(net, x, 12), net.node("Sigmoid", [matmul(net, x, 12)])]), 8),
  attention: (net, x) => {
    const heads = (y: string, perm: number[]) =>
      net.node("Transpose", [net.node("Reshape", [y, net.integers(0, 0, 2, 4)])], { perm });
    const [q, k, v] = [matmul(net, x, 8), matmul(net, x, 8), matmul(net, x, 8)] as [string, string, string];
    const scores = net.node("MatMul", [heads(q, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1])]);
    const shares = net.node("Softmax", [net.node("Mul", [scores, net.floats([0.1], [])])], { axis: -1 });
    const y = net.node("Transpose", [net.node("MatMul", [shares, heads(v, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
    return net.node("Add", [x, matmul(net, net.node("Reshape", [y, net.integers(0, 0, 8)]), 8)]);
  },
  fusedAttention: (net, x) => {
    const [q, k, v] = [matmul(net, x, 8), matmul(net, x, 8), matmul(net, x, 8)] as [string, string, string];
    return matmul(net, net.node("Attention", [q, k, v], { q_num_heads: 2, kv_num_heads: 2, scale: 0.1 }), 8);
  },
  groupedAttention: (net, x) => {
    // Four heads of queries, two of keys and values.
    const [q, k, v] = [matmul(net, x, 16), matmul(net, x, 8), matmul(net, x, 6)] as [string, string, string];
    return matmul(net, net.node("Attention", [q, k, v], { q_num_heads: 4, kv_num_heads: 2, scale: 0.1 }), 8);
  },
  groupedHeads: (net, x) => {
    const heads = (y: string, count: number, size: number) =>
      net.node("Transpose", [net.node("Reshape", [y, net.integers(0, 0, count, size)])], { perm: [0, 2, 1, 3] });
    const q = heads(matmul(net, x, 16), 4, 4);
    const y = net.node("Attention", [q, heads(matmul(net, x, 8), 2, 4), heads(matmul(net, x, 6), 2, 3)], {
      scale: 0.1,
    });
    return matmul(
      net,
      net.node("Reshape", [net.node("Transpose", [y], { perm: [0, 2, 1, 3] }), net.integers(0, 0, 12)]),
      8,
    );
  },
  gatedBySecond: (net, x) => {
    // The first operand has to keep its scale, but for a reason that comes later.
    const [a, b] = [matmul(net, x, 12), matmul(net, x, 12)];
    const y = matmul(net, net.node("Mul", [a, b]), 8);
    return net.node("Add", [y, matmul(net, net.node("Sigmoid", [a]), 8)]);
  },
  combined: (net, x) => {
    // One product for queries, keys and values.
    const [q, k, v] = net.all("Split", [matmul(net, x, 24)], { axis: -1, num_outputs: 3 }, 3) as [
      string,
      string,
      string,
    ];
    return matmul(net, net.node("Attention", [q, k, v], { q_num_heads: 2, kv_num_heads: 2, scale: 0.1 }), 8);
  },
  transposedWeight: (net, x) =>
    net.node("MatMul", [
      net.node("Relu", [matmul(net, x, 8)]),
      net.node("Transpose", [net.parameter([8, 8])], { perm: [1, 0] }),
    ]),
};

export const sequenceEnd: Layer = (net, x) =>
  linear(net, net.node("ReduceMean", [x, net.integers(1)], { keepdims: 0 }), 5);
