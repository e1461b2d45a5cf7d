import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { graph, int, ints } from "../../attribute-kinds.js";
import type { Subgraph } from "../../graph.js";
import type { KnownValue } from "../../host-array.js";
import { concatElements } from "../../integers.js";
import { arrayOf, tensorOf } from "../on-arrays.js";
import { checkOne, DataDependentError, defineOperator, type RunCall } from "../operator.js";
import { failMixed } from "../tracks.js";

// Operators that run graphs. What a graph reads from outside are the node's last inputs.

/** Limit on the iterations of one loop. A file that asks for more is broken. */
const maxIterations = 2 ** 20;

/** The element of a condition or count. @throws {RangeError} when there are several. */
function scalarOf(x: Tensor): number | bigint {
  if (x.size !== 1) throw new RangeError(`expected one element, got a tensor of shape [${x.shape.join(", ")}]`);
  return x.values()[0]!;
}

const describe = ({ dtype, shape }: KnownValue): string => `${dtype} [${shape.join(", ")}]`;

/** Runs the graph `then_branch` if the condition is true, else `else_branch`. */
export const ifElse = defineOperator({
  name: "If",
  since: 1,
  inputs: [1, Number.POSITIVE_INFINITY],
  outputs: Number.POSITIVE_INFINITY,
  attributes: { then_branch: graph(), else_branch: graph() },
  traits: {},
  track: failMixed,
  infer: ([given, ...captures], { then_branch, else_branch }, { inferGraph }) => {
    const condition = given!;
    checkOne(condition, 0);
    if (condition.data !== undefined) return inferGraph(condition.data[0] ? then_branch : else_branch, captures);
    const counts = [then_branch, else_branch].map(({ outputs }) => outputs.length);
    if (counts[0] !== counts[1])
      throw new RangeError(`expected branches with equally many outputs, got ${counts.join(" and ")}`);
    const [one, other] = [then_branch, else_branch].map((branch) => inferGraph(branch, captures));
    return one!.map((value, i) => {
      if (describe(value) !== describe(other![i]!)) {
        throw new DataDependentError(
          `expected branches with outputs of one shape, got ${describe(value)} and ${describe(other![i]!)}`,
        );
      }
      return { dtype: value.dtype, shape: value.shape };
    });
  },
  run: ([condition, ...captures], { then_branch, else_branch }, { node, context }) =>
    context.runGraph(scalarOf(condition!) ? then_branch : else_branch, node, captures),
  integers: null,
});

/** Joins tensors of one shape along a new axis. @param axis  Of the result. */
function stack(values: readonly Tensor[], axis: number): Tensor {
  const [first] = values as [Tensor, ...Tensor[]];
  const shape = [...first.shape];
  shape.splice(axis, 0, 1);
  if (first.dtype === "f32")
    return ops.concat(
      values.map((value) => ops.reshape(value, shape)),
      { axis },
    );
  const arrays = values.map((value) => ({ ...arrayOf(value), shape }));
  return tensorOf(concatElements(arrays, axis));
}

/** Tensor without elements, for outputs of a loop that never runs. */
function emptyLike({ dtype, shape }: KnownValue, axis: number): Tensor {
  const sizes = [...shape];
  sizes.splice(axis, 0, 0);
  return ops.tensor(ops.zeroData(dtype, 0), sizes, dtype);
}

const knownOf = (x: Tensor | undefined): KnownValue | undefined => x && { dtype: x.dtype, shape: x.shape };

/** @throws {RangeError} when a body has fewer outputs than a node reads of every iteration. */
function checkOutputs({ outputs }: Subgraph, least: number): void {
  if (outputs.length < least)
    throw new RangeError(`expected a body of ${least} or more outputs, got ${outputs.length}`);
}

/** Shapes of values that iterations carry, which must stay the same. */
function checkStable(before: readonly KnownValue[], after: readonly KnownValue[]): void {
  for (const [i, value] of before.entries()) {
    if (describe(value) !== describe(after[i]!)) {
      throw new DataDependentError(
        `expected iterations to keep the shapes of values, got ${describe(value)} and then ${describe(after[i]!)}`,
      );
    }
  }
}

const int64Scalar: KnownValue = { dtype: "i64", shape: [] };
const boolScalar: KnownValue = { dtype: "bool", shape: [] };

/**
 * Runs the graph `body` up to M times, while its condition is true. Inputs: M, condition, carried values. The body has
 * the inputs iteration, condition, carried values, and the outputs condition, carried values, scan outputs. Outputs:
 * the carried values, then each scan output of all iterations along a new axis 0.
 */
export const loop = defineOperator({
  name: "Loop",
  since: 1,
  inputs: [0, Number.POSITIVE_INFINITY],
  outputs: Number.POSITIVE_INFINITY,
  attributes: { body: graph() },
  traits: {},
  track: failMixed,
  infer: (inputs, { body }, { inferGraph }) => {
    const carried = inputs.slice(2);
    const count = carried.length - body.captures;
    if (count < 0) throw new RangeError(`expected 2 or more inputs, got ${inputs.length - body.captures}`);
    if (carried.includes(undefined as never)) throw new RangeError("expected carried values, got an absent one");
    checkOutputs(body, 1 + count);
    for (const i of [0, 1]) checkOne(inputs[i], i);
    // Carried values change between iterations, so their elements are not known.
    const given = carried.map(({ dtype, shape, data }, i) =>
      i < count || data === undefined ? { dtype, shape } : { dtype, shape, data },
    );
    const [, ...outputs] = inferGraph(body, [int64Scalar, boolScalar, ...given]);
    checkStable(carried.slice(0, count), outputs);
    const [limit, condition] = inputs;
    if (outputs.length > count && (condition !== undefined || limit?.data === undefined))
      throw new DataDependentError("expected a known number of iterations, got one that depends on data");
    return outputs.map(({ dtype, shape }, i) =>
      i < count ? { dtype, shape } : { dtype, shape: [Number(limit!.data![0]), ...shape] },
    );
  },
  run: (inputs, { body }, { node, context }: RunCall) => {
    const [limit, condition, ...rest] = inputs;
    const count = rest.length - body.captures;
    const captures = rest.slice(count);
    let carried: readonly Tensor[] = rest.slice(0, count);
    const most = limit === undefined ? Number.POSITIVE_INFINITY : Number(scalarOf(limit));
    let goesOn = condition === undefined || Boolean(scalarOf(condition));
    const scanned: Tensor[][] = Array.from({ length: body.outputs.length - 1 - count }, () => []);
    const state = (i: number) => [ops.tensor([BigInt(i)], [], "i64"), ops.tensor([goesOn ? 1 : 0], [], "bool")];
    for (let i = 0; goesOn && i < most; i++) {
      if (i >= maxIterations) throw new RangeError(`expected at most ${maxIterations} iterations, got more`);
      const [next, ...values] = context.runGraph(body, node, [...state(i), ...carried, ...captures]);
      carried = values.slice(0, count);
      for (const [k, value] of values.slice(count).entries()) scanned[k]!.push(value);
      goesOn = Boolean(scalarOf(next!));
    }
    if (scanned[0]?.length === 0) {
      const shapes = context.inferGraph(body, [int64Scalar, boolScalar, ...rest.map(knownOf)]).slice(1 + count);
      return [...carried, ...shapes.map((shape) => emptyLike(shape, 0))];
    }
    return [...carried, ...scanned.map((values) => stack(values, 0))];
  },
  integers: null,
});

/** One item of x along an axis, without the axis. */
function itemAt(x: Tensor, axis: number, index: number): Tensor {
  const one = ops.slice(x, { starts: [index], ends: [index + 1], axes: [axis] });
  return ops.reshape(
    one,
    x.shape.filter((_, i) => i !== axis),
  );
}

/**
 * Runs the graph `body` for each item of the scan inputs, which are the node's last own inputs. The body has the inputs
 * state, items, and the outputs state, items of the scan outputs. Outputs: the state, then the scan outputs.
 */
export const scan = defineOperator({
  name: "Scan",
  since: 9,
  inputs: [1, Number.POSITIVE_INFINITY],
  outputs: Number.POSITIVE_INFINITY,
  attributes: {
    body: graph(),
    num_scan_inputs: int({ required: true, min: 1 }),
    scan_input_axes: ints(),
    scan_input_directions: ints({ min: 0, max: 1 }),
    scan_output_axes: ints(),
    scan_output_directions: ints({ min: 0, max: 1 }),
  },
  traits: {},
  track: failMixed,
  infer: (inputs, attributes, { inferGraph }) => {
    const { states, items, captures, axisOf, length } = scanParts(inputs, attributes);
    checkOutputs(attributes.body, states.length);
    const given = items.map(({ dtype, shape }, k) => ({ dtype, shape: shape.filter((_, i) => i !== axisOf(k)) }));
    const open = states.map(({ dtype, shape }) => ({ dtype, shape }));
    const outputs = inferGraph(attributes.body, [...open, ...given, ...captures]);
    checkStable(open, outputs);
    return outputs.map(({ dtype, shape }, i) => {
      if (i < states.length) return { dtype, shape };
      const sizes = [...shape];
      sizes.splice(outputAxis(attributes, i - states.length, shape.length + 1), 0, length);
      return { dtype, shape: sizes };
    });
  },
  run: (inputs, attributes, { node, context }) => {
    const { body, scan_input_directions: ways, scan_output_directions: outputWays } = attributes;
    const { states, items, captures, axisOf, length } = scanParts(inputs, attributes);
    let state: readonly Tensor[] = states;
    const scanned: Tensor[][] = Array.from({ length: body.outputs.length - states.length }, () => []);
    for (let i = 0; i < length; i++) {
      const given = items.map((item, k) => itemAt(item, axisOf(k), ways?.[k] === 1 ? length - 1 - i : i));
      const values = context.runGraph(body, node, [...state, ...given, ...captures]);
      state = values.slice(0, states.length);
      for (const [k, value] of values.slice(states.length).entries()) {
        if (outputWays?.[k] === 1) scanned[k]!.unshift(value);
        else scanned[k]!.push(value);
      }
    }
    if (length === 0) throw new RangeError("expected scan inputs with items, got none");
    const joined = scanned.map((values, k) => stack(values, outputAxis(attributes, k, values[0]!.shape.length + 1)));
    return [...state, ...joined];
  },
  integers: null,
});

interface ScanAttributes {
  readonly body: { readonly captures: number };
  readonly num_scan_inputs: number;
  readonly scan_input_axes: readonly number[] | undefined;
  readonly scan_output_axes: readonly number[] | undefined;
}

/** Splits the inputs of a Scan. @throws {RangeError} when scan inputs have different lengths. */
function scanParts<T extends { readonly shape: readonly number[] }>(inputs: readonly T[], attributes: ScanAttributes) {
  const { body, num_scan_inputs: count, scan_input_axes: axes } = attributes;
  const own = inputs.slice(0, inputs.length - body.captures);
  if (own.length < count) throw new RangeError(`expected ${count} or more inputs, got ${own.length}`);
  const states = own.slice(0, own.length - count);
  const items = own.slice(own.length - count);
  const axisOf = (k: number): number => ops.axisOf("scan_input_axes", axes?.[k] ?? 0, items[k]!.shape.length);
  const lengths = items.map((item, k) => item.shape[axisOf(k)]!);
  const [length] = lengths as [number, ...number[]];
  if (lengths.some((one) => one !== length))
    throw new RangeError(`expected scan inputs of one length, got ${lengths.join(", ")}`);
  return { states, items, captures: inputs.slice(own.length), axisOf, length };
}

function outputAxis({ scan_output_axes: axes }: ScanAttributes, k: number, rank: number): number {
  return ops.axisOf("scan_output_axes", axes?.[k] ?? 0, rank);
}
