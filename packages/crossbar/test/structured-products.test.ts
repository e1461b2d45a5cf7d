import { Chip, ideal, rram4, variationBackend } from "@neft/crossbar";
import { init } from "@neft/kernels";
import { addOperators, arrayNodes, type GraphNode, Model, type RunOptions, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { noGrad, parameter, scope, sizeOf, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { drawn, type FlatSettings } from "./flat-settings.js";

addOperators(moreOperators);
beforeAll(() => init());

const settings: FlatSettings = { device: rram4, sigma: 0.2, seed: 3, purpose: "test", index: 2 };
const wave = (count: number, phase: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase));

/** A node whose weights stand on crossbars: shapes of x, of the weights by input, and of other fixed inputs. */
interface Case {
  readonly op: string;
  readonly x: readonly number[];
  readonly weights: Readonly<Record<number, readonly number[]>>;
  readonly others?: Readonly<Record<number, readonly number[]>>;
  readonly attributes?: GraphNode["attributes"];
  /** Number of the node's inputs. Default: 2. */
  readonly inputs?: number;
  /** Index of x. Default: 0. */
  readonly data?: number;
}

const recurrent = (op: string, gates: number): Case => ({
  op,
  x: [4, 2, 3],
  weights: { 1: [2, 5 * gates, 3], 2: [2, 5 * gates, 5] },
  attributes: { direction: "bidirectional", hidden_size: 5 },
  inputs: 3,
});

const cases: readonly Case[] = [
  recurrent("RNN", 1),
  recurrent("GRU", 3),
  recurrent("LSTM", 4),
  { op: "ConvTranspose", x: [2, 4, 3, 3], weights: { 1: [4, 3, 3, 2] }, attributes: { strides: [2, 2], group: 2 } },
  { op: "ConvTranspose", x: [2, 3, 2, 3, 3], weights: { 1: [3, 2, 2, 3, 2] } },
  { op: "Conv", x: [2, 4, 3, 4, 4], weights: { 1: [6, 2, 2, 3, 2] }, attributes: { group: 2 } },
  { op: "DeformConv", x: [1, 2, 4, 5], weights: { 1: [3, 2, 2, 2] }, others: { 2: [1, 8, 3, 4] }, inputs: 3 },
  { op: "Einsum", x: [2, 3, 2, 4], weights: { 1: [2, 4, 5] }, attributes: { equation: "bfnd,ndh->bfh" } },
  { op: "Einsum", x: [2, 3, 4], weights: { 0: [2, 5, 4] }, attributes: { equation: "ahd,bfd->bfah" }, data: 1 },
];

function modelOf({ op, x, weights, others = {}, attributes = {}, inputs = 2, data = 0 }: Case): Model {
  const names = Array.from({ length: inputs }, (_, i) => (i === data ? "x" : i in weights ? `w${i}` : `c${i}`));
  const fixed = (shapes: Readonly<Record<number, readonly number[]>>, prefix: string) =>
    new Map(
      Object.entries(shapes).map(([i, shape]) => [
        `${prefix}${i}`,
        parameter(wave(sizeOf(shape), Number(i)), [...shape]),
      ]),
    );
  return new Model({
    name: op,
    inputs: [{ name: "x", dtype: "f32", shape: [...x] }],
    outputs: [{ name: "y", dtype: "f32", shape: x.map((_, i) => `d${i}`) }],
    nodes: [{ name: "node", op, inputs: names, outputs: ["y"], attributes }],
    parameters: fixed(weights, "w"),
    constants: fixed(others, "c"),
  });
}

describe("products of structured operators", () => {
  it.each(cases)("$op with weights $weights", (one) => {
    const model = modelOf(one);
    const output = (options: RunOptions = {}) =>
      scope(() =>
        noGrad(() => [
          ...run(model, tensor(wave(sizeOf(one.x), 9), [...one.x]), options)
            .outputs.get("y")!
            .floats(),
        ]),
      );
    expect(arrayNodes(model).map(({ weight }) => weight)).toEqual(Object.keys(one.weights).map((i) => `w${i}`));
    const chip = new Chip(...drawn(settings));
    try {
      const digital = output();
      const varied = output({ backend: variationBackend(...drawn(settings)) });
      // All parts of a weight and all steps see the draw of the whole weight.
      expect(varied).toEqual(output({ backend: chip.backend() }));
      expect(varied).not.toEqual(digital);
      expect(output({ backend: variationBackend(...drawn({ ...settings, sigma: 0 })) })).toEqual(digital);
      expect(output({ backend: variationBackend(...drawn({ ...settings, device: ideal })) })).toEqual(digital);
      expect(varied.every(Number.isFinite)).toBe(true);
    } finally {
      chip.dispose();
      model.dispose();
    }
  });
});
