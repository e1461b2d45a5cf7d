import type { DType } from "@neft/tensor";
import type { Attribute } from "../onnx-file.js";

/** One input of a sample. */
export interface SampleInput {
  readonly shape: readonly number[];
  /** Default: f32. */
  readonly dtype?: DType;
  /** Elements. Default: pseudorandom numbers. */
  readonly values?: readonly number[];
  /** Whether it is an initializer instead of a fed input. */
  readonly fixed?: boolean;
}

/** One operator with its inputs, for all opsets from `from` to `to`. */
export interface Sample {
  readonly op: string;
  /** The feature it tests. */
  readonly about: string;
  readonly from?: number;
  readonly to?: number;
  /** `undefined` is an absent input. */
  readonly inputs: readonly (SampleInput | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Number of the node's outputs. Default: 1. */
  readonly outputs?: number;
  /** Number of outputs that are compared. Default: all. */
  readonly compared?: number;
  /** Whether the outputs' shapes depend on data. Default: false; shape inference must know them. */
  readonly dynamic?: boolean;
  /** Outputs that onnx.reference computes. Default: those of onnxruntime, which lacks some operators and types. */
  readonly expected?: readonly SampleInput[];
  /** Why its gradients can't be compared with differences. Default: they are. */
  readonly gradient?: string;
}

/** A fed float input. */
export const x = (...shape: number[]): SampleInput => ({ shape });
/** A float initializer. */
export const fixed = (...shape: number[]): SampleInput => ({ shape, fixed: true });
/** An integer initializer. */
export const ints = (...values: number[]): SampleInput => ({
  shape: [values.length],
  dtype: "i64",
  values,
  fixed: true,
});
/** A float scalar initializer. */
export const scalar = (value: number): SampleInput => ({ shape: [], values: [value], fixed: true });
/** The input with other elements. */
export const filled = (input: SampleInput, values: readonly number[]): SampleInput => ({ ...input, values });
/** The input with another dtype. */
export const typed = (
  dtype: DType,
  values: readonly number[],
  shape: readonly number[] = [values.length],
): SampleInput => ({
  shape,
  dtype,
  values,
});
