import * as ops from "@neft/tensor";
import type { KnownValue } from "../host-array.js";
import { float } from "./operator.js";

// Shape rules that several operators share.

/** One output like the first input. */
export const like = ([x]: readonly (KnownValue | undefined)[]): KnownValue[] => [{ dtype: x!.dtype, shape: x!.shape }];

/** One output like the first input, which is f32. */
export const likeFloat = (inputs: readonly (KnownValue | undefined)[]): KnownValue[] => {
  float(inputs[0]!);
  return like(inputs);
};

/** One output with the broadcast shape of two inputs of one dtype. */
export const broadcast = ([a, b]: readonly (KnownValue | undefined)[]): KnownValue[] => {
  if (a!.dtype !== b!.dtype) throw new TypeError(`expected operands of one dtype, got ${a!.dtype} and ${b!.dtype}`);
  return [{ dtype: a!.dtype, shape: ops.broadcastShapes(a!.shape, b!.shape) }];
};

/** The broadcast shape of any number of inputs. */
export const broadcastAll = (inputs: readonly KnownValue[]): KnownValue[] =>
  [inputs.reduce((all, one) => broadcast([all, one])[0]!)].map(({ dtype, shape }) => ({ dtype, shape }));
