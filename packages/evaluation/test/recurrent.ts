import { type Dataset, makeDataset, makeNormalisation } from "@neft/data";
import type { SampledInput, SampledInputs } from "@neft/evaluation";
import { type GraphNode, Model } from "@neft/model";
import { normals, parameter, stream, tensor } from "@neft/tensor";

export const random = (seed: number, shape: readonly number[]): Float32Array =>
  normals(
    stream(seed, { purpose: "test" }),
    shape.reduce((product, n) => product * n, 1),
  );

export function samples(count: number, shape: readonly number[], seed: number): Dataset {
  return makeDataset("test", { name: `samples-${seed}`, values: random(seed, [count, ...shape]), shape });
}

export const input = (data: Dataset, axis?: number): SampledInput => ({
  data,
  normalisation: makeNormalisation(data, { scale: 1, layout: "NCHW" }),
  axis,
});

export const rate = (values: readonly number[]): SampledInput =>
  input(makeDataset("test", { name: "rates", values: Float32Array.from(values), shape: [1] }));

interface Shapes {
  readonly x?: readonly (number | string)[];
  readonly state?: readonly (number | string)[];
  readonly rate?: readonly (number | string)[];
}

/** A recurrent step of two layers: x [batch, 4], state [2, batch, 3], a rate; y [batch, 3], next [2, batch, 3]. */
export function recurrent({ x = ["N", 4], state = [2, "S", 3], rate = [] }: Shapes = {}): Model {
  const node = (op: string, inputs: readonly string[], output: string, attributes: GraphNode["attributes"] = {}) => ({
    name: output,
    op,
    inputs,
    outputs: [output],
    attributes,
  });
  const layer = (i: number, from: string): GraphNode[] => [
    node("Gather", ["state", `i${i}`], `s${i}`, { axis: 0 }),
    node("MatMul", [from, `w${i}`], `a${i}`),
    node("MatMul", [`s${i}`, `u${i}`], `b${i}`),
    node("Add", [`a${i}`, `b${i}`], `c${i}`),
    node("Tanh", [`c${i}`], i === 1 ? "y" : "h0"),
    node("Unsqueeze", [i === 1 ? "y" : "h0", "axis0"], `n${i}`),
  ];
  const scalar = (value: bigint, shape: readonly number[] = []) => tensor([value], shape, "i64");
  const weight = (name: string, seed: number, shape: readonly number[]) =>
    [name, parameter(random(seed, shape), [...shape])] as const;
  return new Model({
    name: "recurrent",
    inputs: [
      { name: "x", dtype: "f32", shape: x },
      { name: "state", dtype: "f32", shape: state },
      { name: "rate", dtype: "i64", shape: rate },
    ],
    outputs: [
      { name: "y", dtype: "f32", shape: ["N", 3] },
      { name: "next", dtype: "f32", shape: [2, "S", 3] },
    ],
    nodes: [
      node("Cast", ["rate"], "rate_f", { to: "f32" }),
      node("Mul", ["x", "rate_f"], "scaled"),
      ...layer(0, "scaled"),
      ...layer(1, "h0"),
      node("Concat", ["n0", "n1"], "next", { axis: 0 }),
    ],
    parameters: new Map([
      weight("w0", 11, [4, 3]),
      weight("u0", 12, [3, 3]),
      weight("w1", 13, [3, 3]),
      weight("u1", 14, [3, 3]),
    ]),
    constants: new Map([
      ["i0", scalar(0n)],
      ["i1", scalar(1n)],
      ["axis0", scalar(0n, [1])],
    ]),
  });
}

/** Samples of the recurrent network, with states of the given shape. */
export const recurrentSamples = (count: number, state: readonly number[] = [2, 3], axis?: number): SampledInputs => ({
  x: input(samples(count, [4], 1)),
  state: input(samples(count, state, 2), axis),
  rate: rate([2]),
});
