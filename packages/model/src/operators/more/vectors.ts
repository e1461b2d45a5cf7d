import type { KnownValue } from "../../host-array.js";
import { float } from "../operator.js";

// Checks of inputs that several operators share.

/** @throws {Error} unless an input is an f32 value of this shape. An absent one passes. */
export function checkShape(value: KnownValue | undefined, index: number, shape: readonly number[]): void {
  if (value !== undefined && float(value, index).shape.join() !== shape.join())
    throw new RangeError(`expected input ${index} as [${shape.join(", ")}], got [${value.shape.join(", ")}]`);
}

/** @throws {RangeError} unless a value has at least `rank` axes. */
export function checkRank({ shape }: KnownValue, rank: number): void {
  if (shape.length < rank) throw new RangeError(`expected an input of rank ${rank} or more, got [${shape.join(", ")}]`);
}

/** @throws {RangeError} unless a value broadcasts to a shape without enlarging it. */
export function checkBroadcast(value: KnownValue | undefined, index: number, shape: readonly number[]): void {
  if (value === undefined) return;
  const own = float(value, index).shape;
  const from = shape.length - own.length;
  if (from < 0 || own.some((n, i) => n !== 1 && n !== shape[from + i]))
    throw new RangeError(`expected input ${index} to broadcast to [${shape.join(", ")}], got [${own.join(", ")}]`);
}
