import { init } from "@neft/kernels";
import {
  addOperators,
  evaluateConstants,
  type GraphNode,
  type HostArray,
  inferNodes,
  type KnownValue,
} from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { beforeAll, describe, expect, it } from "vitest";

addOperators(moreOperators);
beforeAll(() => init());

const count = 20_000;

function draw(op: string, attributes: GraphNode["attributes"], inputs: readonly HostArray[] = [], name = "node") {
  const node: GraphNode = { name, op, inputs: inputs.map((_, i) => `in${i}`), outputs: ["y"], attributes };
  return evaluateConstants(node, inputs)[0]!;
}

const meanOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const varianceOf = (values: ArrayLike<number>): number => {
  const mean = meanOf(values);
  return meanOf(Array.from(values, (value) => (value - mean) ** 2));
};

describe("operators that draw", () => {
  it("draw normal and uniform numbers", () => {
    const normals = draw("RandomNormal", { shape: [count], mean: 3, scale: 2 }).data as Float32Array;
    expect(meanOf(normals)).toBeCloseTo(3, 1);
    expect(varianceOf(normals)).toBeGreaterThan(3.8);
    expect(varianceOf(normals)).toBeLessThan(4.2);
    const uniforms = draw("RandomUniform", { shape: [count], low: -1, high: 3 }).data as Float32Array;
    expect(Math.min(...uniforms)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...uniforms)).toBeLessThanOrEqual(3);
    expect(meanOf(uniforms)).toBeCloseTo(1, 1);
    expect(varianceOf(uniforms)).toBeCloseTo(16 / 12, 1);
  });

  it("draw with the probabilities of their input", () => {
    const data = new Float32Array(count).fill(0.3);
    const x: HostArray = { dtype: "f32", shape: [count], data };
    expect(meanOf(draw("Bernoulli", {}, [x]).data as Float32Array)).toBeCloseTo(0.3, 1);
    const scores = Float32Array.of(0, 1.0986123, 0, Number.NEGATIVE_INFINITY);
    const classes = draw("Multinomial", { sample_size: count }, [{ dtype: "f32", shape: [1, 4], data: scores }]);
    const drawn = classes.data as Int32Array;
    const shares = [0, 1, 2, 3].map((one) => drawn.filter((value) => value === one).length / count);
    expect(shares[0]).toBeCloseTo(0.2, 1);
    expect(shares[1]).toBeCloseTo(0.6, 1);
    expect(shares[3]).toBe(0);
  });

  it("draw the same numbers for a seed and a name, others for another one", () => {
    const shape = { shape: [8] };
    const first = draw("RandomNormal", { ...shape, seed: 1.5 });
    expect(draw("RandomNormal", { ...shape, seed: 1.5 })).toEqual(first);
    expect(draw("RandomNormal", { ...shape, seed: 2.5 })).not.toEqual(first);
    expect(draw("RandomNormal", { ...shape, seed: 1.5 }, [], "other")).not.toEqual(first);
  });

  it("refuse other dtypes than they draw", () => {
    const x: HostArray = { dtype: "i64", shape: [2], data: BigInt64Array.of(1n, 2n) };
    expect(draw("RandomNormalLike", { dtype: "f32" }, [x]).shape).toEqual([2]);
    const infer = (op: string, attributes: GraphNode["attributes"], input: KnownValue) =>
      inferNodes([{ name: "n", op, inputs: ["x"], outputs: ["y"], attributes }], new Map([["x", input]]));
    expect(() => infer("RandomNormalLike", {}, x)).toThrow(/dtype: expected a floating-point type, got i64/);
    expect(() => infer("Multinomial", { dtype: "u8" }, { dtype: "f32", shape: [1, 2] })).toThrow(
      /dtype: expected INT32 or INT64, got u8/,
    );
    expect(() => infer("Bernoulli", {}, x)).toThrow(/expected input 0 as f32, got i64/);
  });
});
