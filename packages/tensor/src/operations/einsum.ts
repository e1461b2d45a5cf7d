import { type Shape, shapeText, sizeOf, stridesOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { mul } from "./arithmetic.js";
import { stridedPositions } from "./element-positions.js";
import { takeElements } from "./elements.js";
import { reshape, transpose } from "./layout.js";
import { matmul } from "./products.js";
import { reduceSum } from "./reductions.js";

/** Labels of axes; those that an ellipsis covers are numbered: "0" is the last one. */
type Labels = readonly string[];

/** A parsed equation for given shapes. */
export interface Equation {
  readonly inputs: readonly Labels[];
  readonly output: Labels;
  /** Size of each label. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** An operand in the course of a computation. */
interface Operand {
  readonly tensor: Tensor;
  readonly labels: Labels;
}

/** Labels of one term for a number of axes; `width` of them are covered by an ellipsis. */
function labelsOf(term: string, width: number): string[] {
  const [before = "", after] = term.split("...");
  const covered = after === undefined ? [] : Array.from({ length: width }, (_, i) => String(width - 1 - i));
  return [...before, ...covered, ...(after ?? "")];
}

/** Parses an equation. @throws {RangeError} when it is malformed or doesn't match the shapes. */
function parse(equation: string, shapes: readonly Shape[]): Equation {
  const text = equation.replace(/\s/g, "");
  const match = /^((?:[A-Za-z]|\.\.\.|,)*)(->((?:[A-Za-z]|\.\.\.)*))?$/.exec(text);
  const terms = (match?.[1] ?? "").split(",");
  const isSingle = [...terms, match?.[3] ?? ""].every((term) => term.split("...").length <= 2);
  if (!match || terms.length !== shapes.length || !isSingle) {
    throw new RangeError(
      `einsum: expected an equation such as "ij,jk->ik" with ${shapes.length} terms, got "${equation.slice(0, 80)}"`,
    );
  }
  const letters = (term: string): number => term.replace("...", "").length;
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const [rank, count] = [shapes[i]!.length, letters(term)];
    const width = rank - count;
    if (width < 0 || (width > 0 && !term.includes("..."))) {
      throw new RangeError(`einsum: expected ${count} axes for "${term}", got ${shapeText(shapes[i]!)}`);
    }
    if (term.includes("...")) widest = Math.max(widest, width);
    return labelsOf(term, width);
  });
  const sizes = new Map<string, number>();
  for (const [i, labels] of inputs.entries()) {
    for (const [axis, label] of labels.entries()) {
      const [size, before] = [shapes[i]![axis]!, sizes.get(label) ?? 1];
      if (size !== before && size !== 1 && before !== 1) {
        throw new RangeError(`einsum: expected one size for each label of "${text}", got ${before} and ${size}`);
      }
      if (size !== 1 || !sizes.has(label)) sizes.set(label, size);
    }
  }
  const all = inputs.flat();
  const implied = [...new Set(all)].filter(
    (label) => /[A-Za-z]/.test(label) && all.indexOf(label) === all.lastIndexOf(label),
  );
  const output = match[2] === undefined ? [...labelsOf("...", widest), ...implied.sort()] : labelsOf(match[3]!, widest);
  const unknown = output.find((label) => !sizes.has(label));
  if (unknown !== undefined || new Set(output).size < output.length) {
    throw new RangeError(`einsum: expected output labels that occur in the inputs, each once, got "${text}"`);
  }
  return { inputs, output, sizes };
}

/** Axes in another order; the tensor itself if that is theirs already. */
function ordered({ tensor, labels }: Operand, order: Labels): Tensor {
  if (order.every((label, i) => label === labels[i])) return tensor;
  return transpose(tensor, { perm: order.map((label) => labels.indexOf(label)) });
}

/** An operand with each label once: diagonals for repeated labels, and no axes of size 1 whose label has another size elsewhere. */
function simplified({ tensor, labels }: Operand, sizes: ReadonlyMap<string, number>): Operand {
  const kept = labels.map((label, axis) => !(tensor.shape[axis] === 1 && sizes.get(label) !== 1));
  const trimmed = labels.filter((_, axis) => kept[axis]);
  let x = tensor;
  if (trimmed.length < labels.length)
    x = reshape(
      x,
      x.shape.filter((_, axis) => kept[axis]),
    );
  const once = [...new Set(trimmed)];
  if (once.length === trimmed.length) return { tensor: x, labels: trimmed };
  const strides = stridesOf(x.shape);
  const dims = once.map((label) => sizes.get(label)!);
  const steps = once.map((label) =>
    trimmed.reduce((sum, other, axis) => sum + (other === label ? strides[axis]! : 0), 0),
  );
  return { tensor: takeElements(x, { shape: dims, positions: stridedPositions("einsum", dims, steps) }), labels: once };
}

/** Sums out the labels that aren't kept. */
function summed({ tensor, labels }: Operand, kept: ReadonlySet<string>): Operand {
  const axes = labels.flatMap((label, axis) => (kept.has(label) ? [] : [axis]));
  return axes.length === 0
    ? { tensor, labels }
    : { tensor: reduceSum(tensor, { axes }), labels: labels.filter((label) => kept.has(label)) };
}

/** Product of two operands, summed over the labels that aren't kept. */
function contract(
  left: Operand,
  right: Operand,
  kept: ReadonlySet<string>,
  sizes: ReadonlyMap<string, number>,
): Operand {
  const [a, b] = [left, right].map((one, i) => {
    const other = i === 0 ? right : left;
    return summed(one, new Set([...kept, ...other.labels]));
  }) as [Operand, Operand];
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => kept.has(label));
  const inner = shared.filter((label) => !kept.has(label));
  const rows = a.labels.filter((label) => !shared.includes(label));
  const columns = b.labels.filter((label) => !shared.includes(label));
  const dims = (labels: Labels): number[] => labels.map((label) => sizes.get(label)!);
  const labels = [...batch, ...rows, ...columns];
  if (inner.length === 0) {
    const x = reshape(ordered(a, [...batch, ...rows]), [...dims(batch), ...dims(rows), ...columns.map(() => 1)]);
    const y = reshape(ordered(b, [...batch, ...columns]), [...dims(batch), ...rows.map(() => 1), ...dims(columns)]);
    return { tensor: mul(x, y), labels };
  }
  const [p, m, k, n] = [batch, rows, inner, columns].map((part) => sizeOf(dims(part))) as [
    number,
    number,
    number,
    number,
  ];
  const lead = batch.length > 0 ? [p] : [];
  const x = reshape(ordered(a, [...batch, ...rows, ...inner]), [...lead, m, k]);
  const y = reshape(ordered(b, [...batch, ...inner, ...columns]), [...lead, k, n]);
  return { tensor: reshape(matmul(x, y), dims(labels)), labels };
}

/** Shape of an einsum. @throws {RangeError} when the equation is malformed or doesn't match the shapes. */
export function einsumShape(equation: string, shapes: readonly Shape[]): number[] {
  const { output, sizes } = parse(equation, shapes);
  return output.map((label) => sizes.get(label)!);
}

/**
 * Sum of products of tensors by an equation such as "bij,bjk->bik". Operands are multiplied from left to right as matrix products.
 *
 * A term may have an ellipsis for axes that broadcast, and repeated labels for a diagonal. Without "->", the output has the axes of the
 * ellipsis and the labels that occur once, sorted.
 *
 * @throws {RangeError} when the equation is malformed or doesn't match the shapes.
 */
export function einsum(equation: string, operands: readonly Tensor[]): Tensor {
  const { inputs, output, sizes } = parse(
    equation,
    operands.map(({ shape }) => shape),
  );
  const simple = operands.map((tensor, i) => simplified({ tensor, labels: inputs[i]! }, sizes));
  let result = summed(simple[0]!, new Set([...output, ...simple.slice(1).flatMap(({ labels }) => labels)]));
  for (let i = 1; i < simple.length; i++) {
    const kept = new Set([...output, ...simple.slice(i + 1).flatMap(({ labels }) => labels)]);
    result = contract(result, simple[i]!, kept, sizes);
  }
  const y = ordered(result, output);
  return operands.includes(y) ? reshape(y, y.shape) : y;
}

/** An einsum of x with a weight that is one matrix product with the weight as stored. */
export interface EinsumProduct {
  /** Layout of the weight as a matrix, as in `linear`. */
  readonly layout: "oi" | "io";
  /** Shape of the weight as a matrix: [outputs, inputs] or [inputs, outputs]. */
  readonly matrix: readonly [number, number];
  /** x with its summed axes last, merged: [.., inputs]. */
  prepare(x: Tensor): Tensor;
  /** The result of the einsum from the product, [.., outputs]. */
  finish(product: Tensor): Tensor;
}

/**
 * Whether an einsum of two operands is one matrix product with one of them as stored, as on a crossbar: no label is both shared and kept,
 * and the weight's summed labels are all in front or all behind.
 *
 * @param weight  Which operand is the weight: 0 or 1.
 * @returns undefined when it isn't.
 * @throws {RangeError} when the equation is malformed or doesn't match the shapes.
 */
export function einsumProduct(equation: string, shapes: readonly Shape[], weight: 0 | 1): EinsumProduct | undefined {
  const { inputs, output, sizes } = parse(equation, shapes);
  if (inputs.length !== 2) return undefined;
  const [labels, others] = [inputs[weight]!, inputs[1 - weight]!];
  const isPlain = [labels, others].every((list, i) => {
    const shape = shapes[i === 0 ? weight : 1 - weight]!;
    return new Set(list).size === list.length && list.every((label, axis) => shape[axis] === sizes.get(label));
  });
  const inner = labels.filter((label) => others.includes(label));
  const columns = labels.filter((label) => !others.includes(label));
  const rows = others.filter((label) => !labels.includes(label));
  const isComplete = [...rows, ...columns].every((label) => output.includes(label));
  const [isFirst, isLast] = [inner, columns].map((front) => front.every((label, i) => label === labels[i]));
  if (!isPlain || !isComplete || inner.some((label) => output.includes(label)) || inner.length === 0) return undefined;
  if (!isFirst && !isLast) return undefined;
  const dims = (list: Labels): number[] => list.map((label) => sizes.get(label)!);
  const [k, n] = [sizeOf(dims(inner)), sizeOf(dims(columns))];
  const lead = rows.length === 0 ? [1] : dims(rows);
  return {
    layout: isFirst ? "io" : "oi",
    matrix: isFirst ? [k, n] : [n, k],
    prepare: (x) => reshape(ordered({ tensor: x, labels: others }, [...rows, ...inner]), [...lead, k]),
    finish: (product) => {
      const y = reshape(product, [...dims(rows), ...dims(columns)]);
      return ordered({ tensor: y, labels: [...rows, ...columns] }, output);
    },
  };
}

/**
 * Labels of the axes of each operand and of the result, and the size of each label. Axes that an ellipsis covers have
 * numbers, "0" for the last.
 *
 * @throws {RangeError} when the equation is malformed or doesn't match the shapes.
 */
export const einsumTerms: (equation: string, shapes: readonly Shape[]) => Equation = parse;
