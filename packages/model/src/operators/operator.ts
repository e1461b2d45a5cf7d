import type { DType, Tensor, Variation } from "@neft/tensor";
import type { GraphNode } from "../graph.js";
import type { HostArray, HostData } from "../host-array.js";
import { toNumbers } from "../host-array.js";
import type { Weight } from "../weights.js";

/** What shape inference knows of a value. `data` is present when shapes and constants determine it. */
export interface KnownValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data?: HostData;
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

/** One product of an array node, as passed to the backend. */
export interface ArrayCall {
  readonly node: GraphNode;
  /** Name of the parameter. */
  readonly weightName: string;
  /** The parameter. Views between it and the node are applied by `digital`. */
  readonly weight: Tensor;
  /** The other operand. */
  readonly input: Tensor;
  /** The exact product with a weight of the parameter's shape. With `variation`, ΔW is drawn during the product. */
  digital(weight: Tensor, variation?: Variation): Tensor;
  /** `digital` for several weights, without gradients, where one call can share work between them. */
  readonly digitalEach?: ((weights: readonly Tensor[]) => Tensor[]) | undefined;
}

/** Computes array nodes: digitally, with variation, or on a programmed chip. */
export interface ArrayBackend {
  /** Returns the output of the product. */
  product(call: ArrayCall): Tensor;
  /**
   * Whether `digital` may include a following max pool and ReLU. Correct only if the backend returns the result of
   * `digital` unchanged. Default: false.
   */
  readonly fuses?: boolean;
}

/** State of a run that operators can use. */
export interface RunContext {
  readonly batchNorm: "frozen" | "batch";
  /** Names of batch normalisations that use running statistics, whatever `batchNorm` is. */
  readonly frozenNorms: ReadonlySet<string>;
  /** Seed and step of the dropout masks; undefined for no dropout. */
  readonly dropout: { readonly seed: number; readonly step: number } | undefined;
  readonly statistics: BatchStatistics[];
  product(call: ArrayCall): Tensor;
  isParameter(name: string): boolean;
  /** Finds the parameter behind a value name, directly or through views. */
  weightOf(name: string): Weight | undefined;
  /** Tensor of a parameter. */
  parameter(name: string): Tensor;
  /** Applies the views of a weight to a tensor of the parameter's shape. */
  view(weight: Weight, tensor: Tensor): Tensor;
}

/** Arguments of shape inference. */
export interface InferCall {
  readonly node: GraphNode;
  readonly inputs: readonly (KnownValue | undefined)[];
}

/** Operations fused into a node. They are applied to its first output, the pool before the ReLU. */
export interface Fused {
  /** Whether a 2×2 max pool follows. Only for operators with `fusesPool`. */
  readonly pooled: boolean;
  /** Whether a ReLU follows. Only for operators with `fusesRelu`. */
  readonly rectified: boolean;
}

/** Arguments of an evaluation on tensors. */
export interface RunCall extends Fused {
  readonly node: GraphNode;
  readonly inputs: readonly (Tensor | undefined)[];
  readonly context: RunContext;
}

/** Arguments of an evaluation on typed arrays. */
export interface ElementsCall {
  readonly node: GraphNode;
  readonly inputs: readonly (HostArray | undefined)[];
}

/** One row of the operator table. */
export interface Operator {
  /** Name in ONNX. Semantics are those of its newest version up to opset 22. */
  readonly name: string;
  /** Minimum and maximum number of inputs. */
  readonly arity: readonly [number, number];
  /** Dtype and shape of each output. @throws {Error} when the inputs don't fit. */
  infer(call: InferCall): readonly KnownValue[];
  /** Whether `run` can apply a following ReLU. Default: false. */
  readonly fusesRelu?: boolean;
  /** Whether `run` can apply a following 2×2 max pool, before the ReLU. Default: false. */
  readonly fusesPool?: boolean;
  /** Computes each output from tensors. Integer inputs occur only if `elements` is null or another input is f32. */
  run(call: RunCall): readonly Tensor[];
  /** Computes each output from typed arrays; called when all inputs are integers. Null for operators of floats only. */
  readonly elements: ((call: ElementsCall) => readonly HostArray[]) | null;
}

/** Defines a row of the operator table. */
export function defineOperator(operator: Operator): Operator {
  return Object.freeze(operator);
}

/** Thrown when a shape depends on data, so that only a run can determine it. */
export class DataDependentError extends Error {
  override readonly name = "DataDependentError";
}

/** Input at an index. @throws {Error} when it is absent. */
export function need<T>(inputs: readonly (T | undefined)[], index: number): T {
  const input = inputs[index];
  if (input === undefined) throw new Error(`expected an input ${index}, got none`);
  return input;
}

/** Input at an index. @throws {TypeError} when it is not f32. */
export function needFloat(inputs: readonly (KnownValue | undefined)[], index: number): KnownValue {
  const input = need(inputs, index);
  if (input.dtype !== "f32") throw new TypeError(`expected input ${index} as f32, got ${input.dtype}`);
  return input;
}

/**
 * Elements of an integer input as numbers; undefined when it is absent. @throws {DataDependentError} as `hostInput`.
 */
export function integersOf(call: InferCall | RunCall | ElementsCall, index: number): number[] | undefined {
  const array = hostInput(call, index);
  return array === undefined ? undefined : toNumbers(array);
}

/**
 * An integer input as a typed array; undefined when it is absent.
 *
 * @throws {DataDependentError} during shape inference, when the elements depend on data.
 */
export function hostInput(call: InferCall | RunCall | ElementsCall, index: number): HostArray | undefined {
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

/** Whether the elements of a value are known. */
export function isHostArray(value: KnownValue): value is HostArray {
  return value.data !== undefined;
}
