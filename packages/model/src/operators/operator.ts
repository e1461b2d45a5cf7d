import type { DType, Tensor } from "@neft/tensor";
import type { ArrayProduct } from "../array-product.js";
import { type AttributeSchema, type AttributesOf, readAttributes } from "../attribute-kinds.js";
import type { AttributeValue, GraphNode, Subgraph } from "../graph.js";
import type { HostArray, HostData, KnownValue } from "../host-array.js";
import { toNumbers } from "../host-array.js";
import type { Weights } from "../weights.js";
import type { Track } from "./tracks.js";
import type { Traits } from "./traits.js";

/** A parameter that a node reads, directly or through views. */
export interface Weight {
  readonly parameter: string;
  /** Shape at the node's input. */
  readonly shape: readonly number[];
  /** View nodes from the parameter to the node's input, in order. Empty when the node reads the parameter directly. */
  readonly views: readonly GraphNode[];
}

/** Batch statistics of one normalisation in one run, for `applyStatistics`. */
export interface BatchStatistics {
  readonly node: string;
  /** Names of the parameters that hold the running vectors. */
  readonly mean: string;
  readonly variance: string;
  /** Mean and biased variance of the batch, [channels]. */
  readonly batchMean: Float32Array;
  readonly batchVariance: Float32Array;
  /** Number of values per channel. */
  readonly count: number;
  /** Share of the old running value that an update keeps, as in ONNX. */
  readonly momentum: number;
}

/** State of a run that operators can use. */
export interface RunContext {
  readonly batchNorm: "frozen" | "batch";
  /** Names of batch normalisations that use running statistics, whatever `batchNorm` is. */
  readonly frozenNorms: ReadonlySet<string>;
  /** Seed and step of the dropout masks; undefined for no dropout. */
  readonly dropout: { readonly seed: number; readonly step: number } | undefined;
  readonly statistics: BatchStatistics[];
  product(product: ArrayProduct): Tensor;
  isParameter(name: string): boolean;
  /** What the nodes of the running graph see of the parameters. */
  readonly weights: Weights;
  /** Tensor of a parameter. */
  parameter(name: string): Tensor;
  /** Applies the views of a weight to a tensor of the parameter's shape. */
  view(weight: Weight, tensor: Tensor): Tensor;
  /** Infers the outputs of a graph that a node holds. */
  inferGraph(graph: Subgraph, inputs: readonly (KnownValue | undefined)[]): KnownValue[];
  /** Runs a graph that a node holds, on tensors for its inputs. */
  runGraph(graph: Subgraph, node: GraphNode, inputs: readonly (Tensor | undefined)[]): Tensor[];
}

/** Operations fused into a node. They are applied to its first output, the pool before the ReLU. */
export interface Fused {
  /** Whether a 2×2 max pool follows. */
  readonly pooled: boolean;
  /** Whether a ReLU follows. */
  readonly rectified: boolean;
}

/** Arguments of shape inference. */
export interface InferCall {
  readonly node: GraphNode;
  readonly inputs: readonly (KnownValue | undefined)[];
  /** Infers the outputs of a graph that a node holds. @throws {DataDependentError} when they depend on data. */
  inferGraph(graph: Subgraph, inputs: readonly (KnownValue | undefined)[]): KnownValue[];
}

/** Arguments of an evaluation on tensors. */
export interface RunCall extends Fused {
  readonly node: GraphNode;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly context: RunContext;
  /** Indices of the inputs that are weights on crossbars. */
  readonly arrays: readonly number[];
}

/** Arguments of an evaluation on typed arrays. */
export interface ElementsCall {
  readonly node: GraphNode;
  readonly inputs: readonly (HostArray | undefined)[];
}

/** Any of the calls of a row's functions. */
export type OperatorCall = InferCall | RunCall | ElementsCall;

type Repeated<T, Count extends number, All extends T[] = []> = All["length"] extends Count
  ? All
  : Repeated<T, Count, [...All, T]>;
type Extended<T, Count extends number, All extends (T | undefined)[]> = All["length"] extends Count
  ? All
  : Extended<T, Count, [...All, T | undefined]>;

/** Inputs of a row: at least `Min` present ones, at most `Max`. Any number for a `Max` of type number. */
export type InputsOf<T, Min extends number, Max extends number> = number extends Max
  ? readonly T[]
  : Readonly<Extended<T, Max, Repeated<T, Min>>>;

/** A node of an older opset, as passed to an adaptor. */
export interface AdaptorCall<A> {
  /** Value names; an empty name is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names. Absent ones at the end are left out. */
  readonly outputs: readonly string[];
  readonly attributes: A;
  /** Adds a constant to the model, for what older versions store as attributes. Returns its name. */
  constant(role: string, value: HostArray): string;
}

/** A node in the row's own form. */
export interface Adapted {
  /** Default: the same inputs. */
  readonly inputs?: readonly string[];
  /** Default: none. */
  readonly attributes?: Readonly<Record<string, AttributeValue | undefined>>;
}

/** Reads nodes of an older version of an operator. */
export interface Adaptor<S extends AttributeSchema = AttributeSchema> {
  readonly inputs: readonly [min: number, max: number];
  /** Maximum number of outputs. Default: 1. */
  readonly outputs?: number;
  readonly attributes: S;
  /** Unsupported parts, for SUPPORTED.md. Default: none. */
  readonly limits?: string;
  /** @throws {Error} for features that aren't supported. */
  adapt(call: AdaptorCall<AttributesOf<S>>): Adapted;
}

/** Definition of an operator: everything that is known about it. */
export interface OperatorRow<S extends AttributeSchema, Min extends number, Max extends number> {
  /** Name in ONNX. */
  readonly name: string;
  /** The row of a smaller set that this one replaces. It computes the same for every node that that one accepts. */
  readonly extends?: Operator;
  /** First opset with these inputs, attributes and meaning. Files of older opsets need an adaptor in `older`. */
  readonly since: number;
  /** Minimum and maximum number of inputs. */
  readonly inputs: readonly [min: Min, max: Max];
  /** Number of inputs in opsets from `since` on that allowed others, by first opset. Default: `inputs` in all. */
  readonly inputsSince?: Readonly<Record<number, readonly [min: number, max: number]>>;
  /** Maximum number of outputs that nodes of a model have. Default: 1. */
  readonly outputs?: number;
  /** Maximum number of outputs that a file's nodes may declare, without a reader for the others. Default: `outputs`. */
  readonly declares?: number;
  readonly attributes: S;
  readonly traits: Traits<AttributesOf<S>>;
  /** Unsupported parts, for SUPPORTED.md. Default: none. */
  readonly limits?: string;
  /** Nodes that compute the same and need no internal attributes; undefined if the node has none. Default: none. */
  expand?(node: GraphNode, attributes: AttributesOf<S>): readonly GraphNode[] | undefined;
  /** Readers of older versions, by their first opset. Default: none. */
  readonly older?: Readonly<Record<number, Adaptor>>;
  /** Where the samples of a batch are in the outputs. Null: outputs depend on shapes only and hold none. */
  readonly track: Track<AttributesOf<S>> | null;
  /** Dtype and shape of each output. @throws {Error} when the inputs don't fit. */
  infer(inputs: InputsOf<KnownValue, Min, Max>, attributes: AttributesOf<S>, call: InferCall): readonly KnownValue[];
  /** Computes each output from tensors. All inputs are integers only if `integers` is null. */
  run(inputs: InputsOf<Tensor, Min, Max>, attributes: AttributesOf<S>, call: RunCall): readonly Tensor[];
  /** Computes each output from typed arrays; called when no input is f32. Null for operators of floats only. */
  readonly integers:
    | ((inputs: InputsOf<HostArray, Min, Max>, attributes: AttributesOf<S>, call: ElementsCall) => readonly HostArray[])
    | null;
}

/** A row of any attributes and inputs. */
// biome-ignore lint/suspicious/noExplicitAny: rows of different attributes share tables
export type Operator = OperatorRow<any, any, any>;

/** Defines an operator. */
export function defineOperator<const S extends AttributeSchema, const Min extends number, const Max extends number>(
  row: OperatorRow<S, Min, Max>,
): Operator {
  return Object.freeze(row) as unknown as Operator;
}

/** Defines a reader of an older version. */
export function defineAdaptor<const S extends AttributeSchema>(adaptor: Adaptor<S>): Adaptor {
  return Object.freeze(adaptor) as unknown as Adaptor;
}

/** Cache: attributes of a node never change. A node's copies share them. */
const parsed = new WeakMap<object, { readonly row: Operator; readonly values: Readonly<Record<string, unknown>> }>();

/** Values of a node's attributes, checked, with defaults. @throws {Error} as `readAttributes`. */
// biome-ignore lint/suspicious/noExplicitAny: the row knows its attributes
export function valuesOf(row: Operator, { attributes }: Pick<GraphNode, "attributes">): any {
  const found = parsed.get(attributes);
  if (found?.row === row) return found.values;
  const values = readAttributes(row.attributes, attributes);
  parsed.set(attributes, { row, values });
  return values;
}

/** Thrown when a shape depends on data, so that only a run can determine it. */
export class DataDependentError extends Error {
  override readonly name = "DataDependentError";
}

/** The value. @throws {TypeError} when it is not f32. */
export function float<T extends { readonly dtype: DType }>(value: T, index = 0): T {
  if (value.dtype !== "f32") throw new TypeError(`expected input ${index} as f32, got ${value.dtype}`);
  return value;
}

/** @throws {TypeError} when an input's dtype isn't that of another one. An absent input passes. */
export function checkType(value: { readonly dtype: DType } | undefined, dtype: DType, index: number): void {
  if (value !== undefined && value.dtype !== dtype)
    throw new TypeError(`expected input ${index} as ${dtype}, got ${value.dtype}`);
}

/** @throws {RangeError} unless an input has one element. An absent one passes. */
export function checkOne(value: { readonly shape: readonly number[] } | undefined, index: number): void {
  if (value?.shape.some((n) => n !== 1))
    throw new RangeError(`expected input ${index} with one element, got shape [${value.shape.join(", ")}]`);
}

/**
 * Elements of an integer input as numbers; undefined when it is absent. @throws {DataDependentError} as `hostInput`.
 */
export function integersOf(call: OperatorCall, index: number): number[] | undefined {
  const array = hostInput(call, index);
  return array === undefined ? undefined : toNumbers(array);
}

/**
 * An integer input as a typed array; undefined when it is absent.
 *
 * @throws {DataDependentError} during shape inference, when the elements depend on data.
 */
export function hostInput(call: OperatorCall, index: number): HostArray | undefined {
  const input = call.inputs[index];
  if (input === undefined) return undefined;
  if (input.dtype === "f32") throw new TypeError(`expected input ${index} of an integer dtype, got f32`);
  if ("values" in input) return { dtype: input.dtype, shape: input.shape, data: input.values() as HostData };
  if (input.data === undefined) {
    throw new DataDependentError(
      `expected input ${index} to depend on shapes and constants only, got one that depends on data`,
    );
  }
  return { dtype: input.dtype, shape: input.shape, data: input.data };
}
