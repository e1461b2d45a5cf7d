import { evaluateConstants, type GraphNode, type HostArray, inferNodes } from "@neft/model";
import { normals, stream } from "@neft/tensor";
import { trackNode } from "../src/axis-tracking.js";
import { type AxisPosition, MixedError } from "../src/operators/tracks.js";

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

export function values(shape: readonly number[], name: string): HostArray {
  return { dtype: "f32", shape, data: normals(stream(1, { purpose: name }), product(shape)) };
}

export interface Case {
  readonly op: string;
  /** Inputs: a shape to be tracked, or a fixed value. */
  readonly inputs: readonly (readonly number[] | HostArray)[];
  readonly attributes?: GraphNode["attributes"];
  /** Sets of inputs that hold items together. Default: the first input. */
  readonly tracked?: readonly number[];
  /** Number of outputs. Default: 1. */
  readonly outputs?: number;
}

/** Every position of two or more items along an axis. */
function positionsIn(shape: readonly number[]): { position: AxisPosition; size: number }[] {
  return shape.flatMap((length, axis) =>
    [1, 2, 3].flatMap((outer) =>
      [1, 2, 3].flatMap((inner) => {
        const size = length / (outer * inner);
        return Number.isInteger(size) && size > 1 ? [{ position: { axis, outer, inner }, size }] : [];
      }),
    ),
  );
}

/** Index of the item that an element belongs to. */
function itemAt(index: number, shape: readonly number[], { axis, inner }: AxisPosition, size: number): number {
  const along = Math.floor(index / product(shape.slice(axis + 1))) % shape[axis]!;
  return Math.floor(along / inner) % size;
}

/** Other elements: floats move, integers (indices and conditions, 0 or 1) turn to the other one. */
function changed({ dtype, shape, data }: HostArray, is: (i: number) => boolean): HostArray {
  const turn = (value: number | bigint, i: number) => {
    if (!is(i)) return value;
    return typeof value === "bigint" ? 1n - value : dtype === "f32" ? 1.5 - 2 * value : 1 - value;
  };
  return { dtype, shape, data: (data as Float32Array).map(turn as (value: number, i: number) => number) };
}

/** Elements of each of a node's outputs that depend on the elements of one item. */
function changedBy(
  node: GraphNode,
  inputs: HostArray[],
  tracked: readonly number[],
  is: (i: number, shape: readonly number[]) => boolean,
): number[][] {
  const before = evaluateConstants(node, inputs);
  const moved = inputs.map((input, at) => (tracked.includes(at) ? changed(input, (i) => is(i, input.shape)) : input));
  return evaluateConstants(node, moved).map(({ data }, at) => {
    const old = before[at]!.data;
    return Array.from(data as Float32Array).flatMap((value, i) => (Object.is(value, old[i]) ? [] : [i]));
  });
}

/**
 * Follows items at every position through the nodes of cases, and changes them: a change must show where the items are said to be.
 *
 * @returns what went wrong, and the operators that kept the items apart at some position.
 */
export function walk(cases: readonly Case[]): { failures: string[]; kept: Set<string> } {
  const failures: string[] = [];
  const kept = new Set<string>();
  for (const [at, { op, inputs: given, attributes = {}, tracked = [0], outputs: count = 1 }] of cases.entries()) {
    const names = given.map((_, i) => `in${i}`);
    const outputs = Array.from({ length: count }, (_, i) => `y${i}`);
    const node: GraphNode = { name: "node", op, inputs: names, outputs, attributes };
    const inputs = given.map((one, i) => ("data" in one ? one : values(one, `x${i}`)));
    if (op === "BatchNormalization") inputs[4] = { ...inputs[4]!, data: new Float32Array(6).fill(2) };
    const known = inferNodes([node], new Map(inputs.map((input, i) => [names[i]!, input])));
    for (const { position, size } of positionsIn(inputs[tracked[0]!]!.shape)) {
      let found: readonly (AxisPosition | undefined)[];
      try {
        found = trackNode(node, (name) => (tracked.some((i) => names[i] === name) ? position : undefined), known, size);
      } catch (error) {
        if (!(error instanceof MixedError)) throw error;
        continue;
      }
      kept.add(op);
      for (const [which, name] of outputs.entries()) {
        const output = known.get(name)!.shape;
        const place = found[which];
        const where = `case ${at}: ${op} output ${which} ${JSON.stringify({ position, size, place, output })}`;
        if (place !== undefined && output[place.axis] !== place.outer * size * place.inner) failures.push(where);
        for (let item = 0; item < size; item++) {
          const moved = changedBy(node, inputs, tracked, (i, shape) => itemAt(i, shape, position, size) === item);
          const others = moved[which]!.filter((i) => place === undefined || itemAt(i, output, place, size) !== item);
          if (others.length > 0) failures.push(`${where}: item ${item} shows in elements ${others.slice(0, 5)}`);
        }
      }
    }
  }
  return { failures, kept };
}
