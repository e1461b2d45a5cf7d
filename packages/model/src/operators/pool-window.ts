import * as ops from "@neft/tensor";
import { type AttributesOf, flag, ints } from "../attribute-kinds.js";
import { type Window, windowOf } from "../dimensions.js";
import type { KnownValue } from "../host-array.js";
import { windowAttributes } from "./window-attributes.js";

/** Attributes that pools share. */
export const poolAttributes = {
  ...windowAttributes,
  kernel_shape: ints({ required: true, min: 1, most: 2 }),
  ceil_mode: flag(false, { since: 10 }),
} as const;

export type PoolAttributes = AttributesOf<typeof poolAttributes> & {
  readonly dilations: readonly number[] | undefined;
};

/**
 * Window of a pool over an input of shape [N, C, …].
 *
 * @param most  Largest number of spatial axes.
 * @throws {RangeError} when they don't fit.
 */
export function poolWindow(attributes: PoolAttributes, shape: readonly number[], most: number): Window {
  if (shape.length < 3 || shape.length > most + 2)
    throw new RangeError(`expected an input of rank 3 to ${most + 2}, got [${shape.join(", ")}]`);
  return windowOf(attributes, shape.slice(1), attributes.kernel_shape, { isPool: true });
}

/** Dtype and shape of a pool's output. @param most  Largest number of spatial axes. */
export function pooledValue({ dtype, shape }: KnownValue, attributes: PoolAttributes, most: number): KnownValue {
  return { dtype, shape: [...shape.slice(0, 2), ...poolWindow(attributes, shape, most).output] };
}

/** Elements of one window. */
export const poolCost = (_: unknown, { kernel_shape }: { readonly kernel_shape: readonly number[] }): number =>
  ops.sizeOf(kernel_shape);

/** Whether every element of an optional list is a value. */
const areAll = (list: readonly number[] | undefined, value: number): boolean =>
  list?.every((one) => one === value) ?? true;

/** Whether a pool has windows of 2×2 with stride 2, without padding. */
export function isPool2x2({ kernel_shape, strides, pads, dilations, auto_pad, ceil_mode }: PoolAttributes): boolean {
  const twos = kernel_shape.length === 2 && areAll(kernel_shape, 2) && strides !== undefined && areAll(strides, 2);
  return twos && areAll(pads, 0) && areAll(dilations, 1) && auto_pad === "NOTSET" && !ceil_mode;
}
