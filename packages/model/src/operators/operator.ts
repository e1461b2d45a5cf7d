import type { DType, Tensor, Variation } from "@neft/tensor";
import type { GraphNode } from "../graph.js";
import type { HostArray, HostData } from "../host-array.js";
import { toNumbers } from "../host-array.js";

/** What is known of a value before anything runs; `data` where it follows from shapes and constants alone. */
export interface KnownValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data?: HostData;
}

/** Batch statistics of one normalisation in one run, for `applyStatistics`. */
export interface BatchStatistics {
  readonly node: string;
  /** Parameter names of the running vectors. */
  readonly mean: string;
  readonly variance: string;
  /** The batch's own, [channels]; the variance is the biased one. */
  readonly batchMean: Float32Array;
  readonly batchVariance: Float32Array;
  /** Values per channel that were averaged. */
  readonly count: number;
  /** ONNX's: the share of the old running value that stays. */
  readonly momentum: number;
}

/** A product of inputs with a parameter weight, given to the backend. */
export interface ArrayCall {
  readonly node: GraphNode;
  readonly weightName: string;
  readonly weight: Tensor;
  /** What the node reads beside the weight. */
  readonly input: Tensor;
  /** The exact product with some weight of the same shape, optionally varied while it is computed. */
  digital(weight: Tensor, variation?: Variation): Tensor;
  /** `digital` of each of several weights, without gradients, where one call does it with less work. */
  readonly digitalEach?: ((weights: readonly Tensor[]) => Tensor[]) | undefined;
}

/** Computes array nodes: digitally, with variation, or on a programmed chip. */
export interface ArrayBackend {
  product(call: ArrayCall): Tensor;
  /**
   * Whether a max pool and a ReLU after the product may be computed inside `digital`: so where its result is the product's as
   * it is. Default false.
   */
  readonly fuses?: boolean;
}

/** What operators may ask of the run they belong to. */
export interface RunContext {
  readonly batchNorm: "frozen" | "batch";
  /** Names of the batch normalisations that are frozen whatever `batchNorm` says. */
  readonly frozenNorms: ReadonlySet<string>;
  /** Masks are drawn only when this is given. */
  readonly dropout: { readonly seed: number; readonly step: number } | undefined;
  readonly statistics: BatchStatistics[];
  /** Goes to the backend when `weightName` is a parameter, else straight to `digital`. */
  product(call: ArrayCall): Tensor;
  isParameter(name: string): boolean;
}

export interface InferCall {
  readonly node: GraphNode;
  readonly inputs: readonly (KnownValue | undefined)[];
}

/** What a node computes beside its own values, in this order. */
export interface Fused {
  /** The first output is to be the largest of each 2×2 of that; only rows that say `pools` are asked for it. */
  readonly pooled: boolean;
  /** The first output is to be max(that, 0); only rows that say `rectifies` are asked for it. */
  readonly rectified: boolean;
}

export interface RunCall extends Fused {
  readonly node: GraphNode;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly context: RunContext;
}

export interface ElementsCall {
  readonly node: GraphNode;
  readonly inputs: readonly (HostArray | undefined)[];
}

/** One row of the operator table. */
export interface Operator {
  /** ONNX's name; semantics of its newest version up to opset 22. */
  readonly name: string;
  /** Least and most inputs. */
  readonly arity: readonly [number, number];
  /** Dtype and shape of each output. Throws where the inputs do not fit. */
  infer(call: InferCall): readonly KnownValue[];
  /** Whether it can compute a ReLU after it as well. */
  readonly rectifies?: boolean;
  /** Whether it can compute a max pool of 2×2 after it, and before any ReLU, as well. */
  readonly pools?: boolean;
  /** Values of each output. Float inputs; integers too where `elements` is null or not all inputs are integers. */
  run(call: RunCall): readonly Tensor[];
  /** Evaluation on typed arrays, used when every input is of an integer dtype; null for float-only operators. */
  readonly elements: ((call: ElementsCall) => readonly HostArray[]) | null;
}

/** A row of the operator table. */
export function defineOperator(operator: Operator): Operator {
  return Object.freeze(operator);
}

/** A shape that follows from data, which only running finds. */
export class DataDependentError extends Error {
  override readonly name = "DataDependentError";
}

/** The input at an index. @throws {Error} when absent. */
export function need<T>(inputs: readonly (T | undefined)[], index: number): T {
  const input = inputs[index];
  if (input === undefined) throw new Error(`expected input ${index} to be given, got none`);
  return input;
}

/** An input that must be f32. */
export function needFloat(inputs: readonly (KnownValue | undefined)[], index: number): KnownValue {
  const input = need(inputs, index);
  if (input.dtype !== "f32") throw new TypeError(`expected input ${index} as f32, got ${input.dtype}`);
  return input;
}

/** The elements of a small integer input, or undefined when the input is absent. */
export function integersOf(call: InferCall | RunCall | ElementsCall, index: number): number[] | undefined {
  const array = hostInput(call, index);
  return array === undefined ? undefined : toNumbers(array);
}

/** An input as a host array. @throws {Error} when its elements follow from data, which shapes must not. */
export function hostInput(call: InferCall | RunCall | ElementsCall, index: number): HostArray | undefined {
  const input = call.inputs[index];
  if (input === undefined) return undefined;
  if (input.dtype === "f32") throw new TypeError(`expected input ${index} of an integer dtype, got f32`);
  if ("values" in input) return { dtype: input.dtype, shape: input.shape, data: input.values() as HostData };
  if (input.data === undefined) {
    throw new DataDependentError(
      `expected input ${index} to follow from shapes and constants, got one computed from data`,
    );
  }
  return { dtype: input.dtype, shape: input.shape, data: input.data };
}

/** Whether a known value's elements are known too. */
export function isHostArray(value: KnownValue): value is HostArray {
  return value.data !== undefined;
}
