import { checkOptions, has, inWords, kind, kinds, type Rule, type Rules, required } from "@neft/options";
import type { DType, Tensor } from "@neft/tensor";
import { dtypes, normals, parameter, sizeOf, stream } from "@neft/tensor";
import { constant } from "./constant.js";
import type { AttributeValue, GraphNode, ValueInfo } from "./graph.js";
import type { HostData, KnownValue } from "./host-array.js";
import { checkOperators, Model } from "./model.js";
import { inferNodes, maxKnownFloats } from "./shapes.js";

/** Symbol of the batch axis in built and imported models. */
export const batchAxis = "N";

/** Name of a value in the network being built. */
export type Value = string;

/** Options that every layer has. */
export interface LayerOptions {
  /**
   * Name of the node and its output; its parameters are called `<name>.weight` and so on. Default: operator and
   * number.
   */
  readonly name?: string;
}

/** Options of `linear`. */
export interface LinearOptions extends LayerOptions {
  /** Number of output features. */
  readonly outputs: number;
  /** Default: true. */
  readonly bias?: boolean;
}

/** Options of `conv2d`. Kernel, stride and padding are in pixels and the same for both axes. */
export interface ConvolutionOptions extends LayerOptions {
  /** Number of output channels. */
  readonly outputs: number;
  readonly kernel: number;
  /** Default: 1. */
  readonly stride?: number;
  /** Default: 0. */
  readonly padding?: number;
  /** Default: 1. */
  readonly groups?: number;
  /** Default: true. */
  readonly bias?: boolean;
}

/** Options of `maxPool2d` and `avgPool2d`, in pixels, the same for both axes. */
export interface PoolOptions extends LayerOptions {
  readonly kernel: number;
  /** Default: the kernel's size. */
  readonly stride?: number;
  /** Default: 0. */
  readonly padding?: number;
}

/** Options of `batchNorm`. */
export interface BatchNormOptions extends LayerOptions {
  /** Default: 1e-5. */
  readonly epsilon?: number;
  /** Share of the old running value that an update keeps, as in ONNX. Default: 0.9. */
  readonly momentum?: number;
}

/** Options of `leakyRelu`. */
export interface LeakyReluOptions extends LayerOptions {
  /** Slope for negative inputs. Default: 0.01. */
  readonly alpha?: number;
}

/** Options of `dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Probability of dropping an element. Default: 0.5. */
  readonly ratio?: number;
}

/** Options of `GraphBuilder`. */
export interface BuilderOptions {
  /** Seed of all initial weights. */
  readonly seed: number;
}

export const builderRules: Rules<BuilderOptions> = { seed: required(kinds.number) };

const layerRules: Rules<LayerOptions> = { name: kinds.name };

const linearRules: Rules<LinearOptions> = { ...layerRules, outputs: required(kinds.count), bias: kinds.flag };

const convolutionRules: Rules<ConvolutionOptions> = {
  ...linearRules,
  kernel: required(kinds.count),
  stride: kinds.count,
  padding: kinds.number,
  groups: kinds.count,
};

const poolRules: Rules<PoolOptions> = {
  ...layerRules,
  kernel: required(kinds.count),
  stride: kinds.count,
  padding: kinds.number,
};

const batchNormRules: Rules<BatchNormOptions> = { ...layerRules, epsilon: kinds.number, momentum: kinds.number };

const leakyReluRules: Rules<LeakyReluOptions> = { ...layerRules, alpha: kinds.number };

const dropoutRules: Rules<DropoutOptions> = { ...layerRules, ratio: kinds.number };

const isAttribute = (value: unknown): boolean =>
  [value].flat().every((one) => typeof one === "number" || typeof one === "string" || typeof one === "boolean");

const attributesRule = kind(
  "attributes by name: numbers, strings or lists of them",
  (value) => Object.prototype.toString.call(value) === "[object Object]" && Object.values(value!).every(isAttribute),
);

/** Checks the options of a layer. Errors name the layer. */
const checkLayer = (layer: string, options: unknown, rules: Readonly<Record<string, Rule>>): void =>
  checkOptions(layer, options, rules, `${layer}: `);

/**
 * Builds a model layer by layer.
 *
 * Weights are drawn from N(0, 2/fan-in), He et al. (2015), each from its own stream, derived from the seed and the
 * weight's name. Biases are 0.
 *
 * ```ts
 * const net = new GraphBuilder("mlp", { seed: 1 });
 * const hidden = net.relu(net.linear(net.flatten(net.input("image", [1, 28, 28])), { outputs: 128 }));
 * const model = net.build({ logits: net.linear(hidden, { outputs: 10 }) });
 * ```
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #seed: number;
  readonly #inputs: ValueInfo[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #parameters = new Map<string, Tensor>();
  readonly #constants = new Map<string, Tensor>();
  /** Dtype and shape of every value at a batch of 1. */
  readonly #known = new Map<string, KnownValue>();
  readonly #counts = new Map<string, number>();

  /** @throws {RangeError} for an unknown option or one of the wrong type, as all methods do. */
  constructor(name: string, options: BuilderOptions) {
    kinds.name(name, "GraphBuilder: name");
    checkOptions("GraphBuilder", options, builderRules);
    this.#name = name;
    this.#seed = options.seed;
  }

  /**
   * Adds an f32 input.
   *
   * @param sample  Shape of one sample. The batch axis is put before it.
   */
  input(name: string, sample: readonly number[]): Value {
    kinds.name(name, "input: name");
    kinds.shape(sample, "input: sample");
    this.#inputs.push({ name, dtype: "f32", shape: [batchAxis, ...sample] });
    this.#known.set(name, { dtype: "f32", shape: [1, ...sample] });
    return name;
  }

  /** Shape of a value at a batch of 1. @throws {Error} when there is no such value. */
  shapeOf(value: Value): readonly number[] {
    const known = this.#known.get(value);
    if (known === undefined)
      throw new Error(`GraphBuilder: expected the name of an existing value, got ${inWords(value)}`);
    return known.shape;
  }

  /** Adds a trainable parameter with the given elements. */
  parameter(name: string, data: Float32Array, shape: readonly number[]): Value {
    kinds.name(name, "parameter: name");
    kinds.numberList(data, "parameter: data");
    kinds.shape(shape, "parameter: shape");
    this.#parameters.set(name, parameter(data, [...shape]));
    this.#known.set(name, { dtype: "f32", shape });
    return name;
  }

  /** Adds a fixed tensor. */
  constant(name: string, data: HostData, shape: readonly number[], dtype: DType): Value {
    kinds.name(name, "constant: name");
    kinds.numberList(data, "constant: data");
    kinds.shape(shape, "constant: shape");
    kinds.oneOf(...dtypes)(dtype, "constant: dtype");
    this.#constants.set(name, constant({ dtype, shape, data }));
    this.#known.set(name, dtype === "f32" && data.length > maxKnownFloats ? { dtype, shape } : { dtype, shape, data });
    return name;
  }

  /**
   * Adds a node of any operator and returns its output. @throws {Error} when the operator is unknown or its inputs
   * don't fit.
   */
  node(
    op: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    options: LayerOptions = {},
  ): Value {
    kinds.name(op, "node: op");
    kinds.names(inputs, `${op}: inputs`);
    for (const value of inputs) if (value !== "") this.shapeOf(value);
    attributesRule(attributes, `${op}: attributes`);
    checkLayer(op, options, layerRules);
    const { name = this.#freshName(op) } = options;
    const node: GraphNode = { name, op, inputs, outputs: [name], attributes };
    checkOperators([node]);
    inferNodes([node], this.#known);
    this.#nodes.push(node);
    return name;
  }

  /** Adds y = xWᵀ + b. x: [N, in], W: [outputs, in], y: [N, outputs]. */
  linear(x: Value, options: LinearOptions): Value {
    checkLayer("linear", options, linearRules);
    const { outputs, bias = true, name = this.#freshName("linear") } = options;
    const inputs = this.shapeOf(x)[1]!;
    const operands = [x, this.#weight(`${name}.weight`, [outputs, inputs], inputs)];
    if (bias) operands.push(this.parameter(`${name}.bias`, new Float32Array(outputs), [outputs]));
    return this.node("Gemm", operands, { transB: 1 }, { name });
  }

  /** Adds a 2D convolution. x: [N, C, H, W] → [N, outputs, H', W']. */
  conv2d(x: Value, options: ConvolutionOptions): Value {
    checkLayer("conv2d", options, convolutionRules);
    const { outputs, kernel, stride = 1, padding = 0, groups = 1, bias = true } = options;
    const name = options.name ?? this.#freshName("conv");
    const perGroup = this.shapeOf(x)[1]! / groups;
    const operands = [
      x,
      this.#weight(`${name}.weight`, [outputs, perGroup, kernel, kernel], perGroup * kernel * kernel),
    ];
    if (bias) operands.push(this.parameter(`${name}.bias`, new Float32Array(outputs), [outputs]));
    return this.node(
      "Conv",
      operands,
      {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [padding, padding, padding, padding],
        dilations: [1, 1],
        group: groups,
      },
      { name },
    );
  }

  /** Adds batch normalisation of every channel. x: [N, C, …]. */
  batchNorm(x: Value, options: BatchNormOptions = {}): Value {
    checkLayer("batchNorm", options, batchNormRules);
    const { epsilon = 1e-5, momentum = 0.9, name = this.#freshName("norm") } = options;
    const channels = this.shapeOf(x)[1]!;
    const vector = (role: string, value: number) =>
      this.parameter(`${name}.${role}`, new Float32Array(channels).fill(value), [channels]);
    const operands = [x, vector("weight", 1), vector("bias", 0), vector("running_mean", 0), vector("running_var", 1)];
    return this.node("BatchNormalization", operands, { epsilon, momentum }, { name });
  }

  /** Adds max(x, 0). */
  relu(x: Value, options: LayerOptions = {}): Value {
    return this.node("Relu", [x], {}, options);
  }

  /** Adds x for x ≥ 0, alpha·x for x < 0. */
  leakyRelu(x: Value, options: LeakyReluOptions = {}): Value {
    checkLayer("leakyRelu", options, leakyReluRules);
    const { alpha = 0.01, ...named } = options;
    return this.node("LeakyRelu", [x], { alpha }, named);
  }

  /** Adds 1/(1 + e⁻ˣ). */
  sigmoid(x: Value, options: LayerOptions = {}): Value {
    return this.node("Sigmoid", [x], {}, options);
  }

  /** Adds tanh(x). */
  tanh(x: Value, options: LayerOptions = {}): Value {
    return this.node("Tanh", [x], {}, options);
  }

  /** Adds a + b with broadcasting. */
  add(a: Value, b: Value, options: LayerOptions = {}): Value {
    return this.node("Add", [a, b], {}, options);
  }

  /** Adds max pooling. x: [N, C, H, W] → [N, C, H', W']. */
  maxPool2d(x: Value, options: PoolOptions): Value {
    checkLayer("maxPool2d", options, poolRules);
    return this.#pool("MaxPool", x, options);
  }

  /** Adds average pooling; padding is not counted. x: [N, C, H, W] → [N, C, H', W']. */
  avgPool2d(x: Value, options: PoolOptions): Value {
    checkLayer("avgPool2d", options, poolRules);
    return this.#pool("AveragePool", x, options);
  }

  /** Adds the mean over both spatial axes. x: [N, C, H, W] → [N, C, 1, 1]. */
  globalAvgPool(x: Value, options: LayerOptions = {}): Value {
    return this.node("GlobalAveragePool", [x], {}, options);
  }

  /** Adds a reshape of each sample to a vector. x: [N, …] → [N, features]. */
  flatten(x: Value, options: LayerOptions = {}): Value {
    return this.node("Flatten", [x], { axis: 1 }, options);
  }

  /** Adds dropout: the identity, except in runs with the option `dropout`. */
  dropout(x: Value, options: DropoutOptions = {}): Value {
    checkLayer("dropout", options, dropoutRules);
    const { ratio = 0.5, name = this.#freshName("dropout") } = options;
    const value = this.constant(`${name}.ratio`, Float32Array.of(ratio), [], "f32");
    return this.node("Dropout", [x, value], {}, { name });
  }

  /** Adds softmax over the last axis. */
  softmax(x: Value, options: LayerOptions = {}): Value {
    return this.node("Softmax", [x], { axis: -1 }, options);
  }

  /** Adds the logarithm of softmax over the last axis. */
  logSoftmax(x: Value, options: LayerOptions = {}): Value {
    return this.node("LogSoftmax", [x], { axis: -1 }, options);
  }

  /** Returns the model. `build({ logits: y })` makes the value y an output named "logits". */
  build(outputs: Readonly<Record<string, Value>>): Model {
    kind("values by the names of outputs", (value) => has(value) && !Array.isArray(value))(outputs, "build: outputs");
    const renamed = new Map(Object.entries(outputs).map(([name, value]) => [value, name]));
    const rename = (value: Value) => renamed.get(value) ?? value;
    return new Model({
      name: this.#name,
      inputs: this.#inputs,
      outputs: Object.entries(outputs).map(([name, value]) => {
        const { dtype } = this.#known.get(value) ?? { dtype: "f32" };
        return { name, dtype, shape: [batchAxis, ...this.shapeOf(value).slice(1)] };
      }),
      nodes: this.#nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      parameters: this.#parameters,
      constants: this.#constants,
    });
  }

  #pool(op: string, x: Value, { kernel, stride = kernel, padding = 0, ...named }: PoolOptions): Value {
    const attributes = {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    };
    return this.node(op, [x], attributes, named);
  }

  /** Adds a parameter drawn from N(0, 2/fanIn). */
  #weight(name: string, shape: readonly number[], fanIn: number): Value {
    const size = sizeOf(shape);
    const sigma = Math.sqrt(2 / fanIn);
    const data = normals(stream(this.#seed, { purpose: "init", name }), size).map((value) => value * sigma);
    return this.parameter(name, data, shape);
  }

  #freshName(kind: string): string {
    const stem = kind.charAt(0).toLowerCase() + kind.slice(1);
    const count = (this.#counts.get(stem) ?? 0) + 1;
    this.#counts.set(stem, count);
    return `${stem}${count}`;
  }
}
