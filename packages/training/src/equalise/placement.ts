import type { WeightUse } from "@neft/model";
import { along, type Pattern } from "./pattern.js";

/** A pattern on the axes of a value that broadcasts to it; undefined if factors differ where the value has one element. */
export function aligned(pattern: Pattern, shape: readonly number[]): Pattern | undefined {
  const skipped = pattern.shape.length - shape.length;
  const fits = pattern.shape.every((n, axis) => n === 1 || (axis >= skipped && shape[axis - skipped] === n));
  if (!fits) return undefined;
  const own = skipped >= 0 ? pattern.shape.slice(skipped) : [...Array(-skipped).fill(1), ...pattern.shape];
  return { shape: own, refs: pattern.refs };
}

/** Factors of a weight's elements: those of its inputs multiply it, those of its outputs divide it. */
export function weightPatterns(
  shape: readonly number[],
  { layout, input }: WeightUse,
  refsIn: Int32Array,
  refsOut: Int32Array,
): { up: Pattern; down: Pattern } | undefined {
  const rank = shape.length;
  if (rank === 2) {
    const axisOut = layout === "oi" ? 0 : 1;
    return { up: along(refsIn, 1 - axisOut, 2), down: along(refsOut, axisOut, 2) };
  }
  // [out, in/group, …kernel] of a convolution, [in, out/group, …kernel] of a transposed one.
  const isTransposed = layout === "io";
  const [many, few] = isTransposed ? [refsIn, refsOut] : [refsOut, refsIn];
  const [rows, columns] = shape as [number, number];
  if (many.length !== rows || few.length % columns !== 0 || input !== 1) return undefined;
  const groups = few.length / columns;
  const perGroup = rows / groups;
  const own = along(many, 0, rank);
  const refs = new Int32Array(groups === 1 ? columns : rows * columns);
  for (let i = 0; i < refs.length; i++)
    refs[i] = groups === 1 ? few[i]! : few[Math.floor(Math.floor(i / columns) / perGroup) * columns + (i % columns)]!;
  const other = {
    shape: Array.from({ length: rank }, (_, axis) => (axis === 1 ? columns : axis === 0 && groups > 1 ? rows : 1)),
    refs,
  };
  return isTransposed ? { up: own, down: other } : { up: other, down: own };
}
