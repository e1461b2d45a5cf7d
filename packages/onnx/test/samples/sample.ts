import type { DType } from "@neft/tensor";
import type { Attribute } from "../onnx-file.js";

/** One input of a sample. */
export interface SampleInput {
  readonly shape: readonly number[];
  /** f32 when left out. */
  readonly dtype?: DType;
  /** Contents; numbers that look random when left out. */
  readonly values?: readonly number[];
  /** Whether it stands in the file instead of being fed. */
  readonly fixed?: boolean;
}

/** One operator applied to given inputs, in all opsets from `from` to `to`. */
export interface Sample {
  readonly op: string;
  /** What is special about it. */
  readonly about: string;
  readonly from?: number;
  readonly to?: number;
  /** undefined is an absent input. */
  readonly inputs: readonly (SampleInput | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Outputs declared, of which the first is compared; 1 when left out. */
  readonly outputs?: number;
}

/** A fed float input. */
export const x = (...shape: number[]): SampleInput => ({ shape });
/** A float input in the file. */
export const fixed = (...shape: number[]): SampleInput => ({ shape, fixed: true });
/** Given integers in the file. */
export const ints = (...values: number[]): SampleInput => ({
  shape: [values.length],
  dtype: "i64",
  values,
  fixed: true,
});
/** A float scalar in the file. */
export const scalar = (value: number): SampleInput => ({ shape: [], values: [value], fixed: true });
/** The same input with other contents. */
export const filled = (input: SampleInput, values: readonly number[]): SampleInput => ({ ...input, values });
/** A given input as another dtype. */
export const typed = (
  dtype: DType,
  values: readonly number[],
  shape: readonly number[] = [values.length],
): SampleInput => ({
  shape,
  dtype,
  values,
});
