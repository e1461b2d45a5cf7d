import { broadcastStrides, sizeOf } from "@neft/tensor";
import type { Factors } from "./factors.js";

/**
 * The factor of each element of a value. Along an axis where `shape` is 1 and the value's size isn't, all elements have
 * the same.
 */
export interface Pattern {
  readonly shape: readonly number[];
  /** References, in row-major order. */
  readonly refs: Int32Array;
}

/** Factor 1 for all elements of a value of a rank. */
export const ones = (rank: number): Pattern => ({ shape: Array(rank).fill(1), refs: new Int32Array(1) });

/** Factors of a vector along one axis of a value. */
export function along(refs: Int32Array, axis: number, rank: number): Pattern {
  return { shape: Array.from({ length: rank }, (_, i) => (i === axis ? refs.length : 1)), refs };
}

/**
 * Calls back for all elements of a shape, in row-major order, in runs with the same positions in patterns that broadcast to it.
 * The array of positions is reused.
 */
export function visitRuns(
  shape: readonly number[],
  patterns: readonly (readonly number[])[],
  visitor: (start: number, end: number, positions: readonly number[]) => void,
): void {
  const steps = patterns.map((own) => broadcastStrides(own, shape));
  const positions = patterns.map(() => 0);
  // Axes at the end along which nothing moves.
  let rank = shape.length;
  while (rank > 0 && steps.every((own) => own[rank - 1] === 0)) rank--;
  const length = sizeOf(shape.slice(rank));
  const at = Array<number>(rank).fill(0);
  const count = sizeOf(shape);
  for (let start = 0; start < count; start += length) {
    visitor(start, start + length, positions);
    for (let axis = rank - 1; axis >= 0; axis--) {
      at[axis]!++;
      for (let i = 0; i < steps.length; i++) positions[i]! += steps[i]![axis]!;
      if (at[axis]! < shape[axis]!) break;
      for (let i = 0; i < steps.length; i++) positions[i]! -= steps[i]![axis]! * shape[axis]!;
      at[axis] = 0;
    }
  }
}

/** `visitRuns` for every element. */
export function visit(
  shape: readonly number[],
  patterns: readonly (readonly number[])[],
  visitor: (index: number, positions: readonly number[]) => void,
): void {
  visitRuns(shape, patterns, (start, end, positions) => {
    for (let index = start; index < end; index++) visitor(index, positions);
  });
}

/** A pattern that gives the axes their full sizes. @param axes  Axes of the value. */
export function expanded({ shape, refs }: Pattern, sizes: readonly number[], axes: readonly number[]): Pattern {
  const full = shape.map((n, axis) => (axes.includes(axis) ? sizes[axis]! : n));
  const all = new Int32Array(sizeOf(full));
  visit(full, [shape], (index, [at]) => {
    all[index] = refs[at!]!;
  });
  return { shape: full, refs: all };
}

/** The same with size 1 along all axes where factors are equal, and with references to roots. */
export function compressed(factors: Factors, { shape, refs }: Pattern): Pattern {
  let pattern: Pattern = { shape, refs: refs.map((ref) => factors.find(ref)) };
  for (let axis = 0; axis < shape.length; axis++) {
    const { shape: own, refs: all } = pattern;
    const size = own[axis]!;
    if (size <= 1) continue;
    const inner = sizeOf(own.slice(axis + 1));
    const outer = all.length / (size * inner);
    const first = new Int32Array(outer * inner);
    let isEqual = true;
    for (let o = 0; o < outer && isEqual; o++) {
      for (let i = 0; i < inner; i++) first[o * inner + i] = all[o * size * inner + i]!;
      for (let k = 1; k < size && isEqual; k++)
        for (let i = 0; i < inner && isEqual; i++) isEqual = all[(o * size + k) * inner + i] === first[o * inner + i];
    }
    if (isEqual) pattern = { shape: own.map((n, i) => (i === axis ? 1 : n)), refs: first };
  }
  return pattern;
}

/** Makes the factors equal along axes. @returns the pattern, with size 1 along them. */
export function united(factors: Factors, pattern: Pattern, axes: readonly number[], reason: string): Pattern {
  if (axes.every((axis) => pattern.shape[axis] === 1)) return pattern;
  const shape = pattern.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const first = new Int32Array(sizeOf(shape));
  const seen = new Uint8Array(first.length);
  visit(pattern.shape, [shape], (index, [at]) => {
    if (seen[at!] === 0) first[at!] = pattern.refs[index]!;
    else factors.unite(first[at!]!, pattern.refs[index]!, reason);
    seen[at!] = 1;
  });
  return { shape, refs: first.map((ref) => factors.find(ref)) };
}

/** Makes the factors of values that broadcast to one shape equal, element by element. */
export function matched(factors: Factors, patterns: readonly Pattern[], rank: number, reason: string): Pattern {
  const shape = Array.from({ length: rank }, (_, axis) =>
    patterns.reduce((size, { shape: own }) => {
      const n = own[axis - rank + own.length] ?? 1;
      return n === 1 ? size : n;
    }, 1),
  );
  const refs = new Int32Array(sizeOf(shape));
  const shapes = patterns.map((pattern) => pattern.shape);
  visit(shape, shapes, (index, positions) => {
    const [first, ...others] = patterns.map((pattern, i) => pattern.refs[positions[i]!]!);
    refs[index] = first!;
    for (const other of others) factors.unite(first!, other, reason);
  });
  return { shape, refs: refs.map((ref) => factors.find(ref)) };
}

/** Makes all factors 1. */
export function pinned(factors: Factors, pattern: Pattern, reason: string): void {
  for (const ref of pattern.refs) factors.pin(ref, reason);
}

/** The inverse factors. */
export const inverse = ({ shape, refs }: Pattern): Pattern => ({ shape, refs: refs.map((ref) => -ref) });

export const isOnes = (factors: Factors, { refs }: Pattern): boolean => refs.every((ref) => factors.find(ref) === 0);
