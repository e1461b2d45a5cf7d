import { init } from "@neft/kernels";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { type Attribute, numbers, onnxFile } from "./onnx-file.js";
import { runHere, type Value, type Values } from "./runtime.js";

// Forms that opset 7 ended. onnxruntime reads opset 7 and later, so later forms give the expected values.

addOperators(moreOperators);
beforeAll(() => init());

const value = (shape: readonly number[], seed: number): Value => ({
  dtype: "f32",
  shape,
  data: numbers(
    shape.reduce((a, b) => a * b, 1),
    seed,
  ).map((one) => Math.abs(one) + 0.5),
});

function runNode(opset: number, op: string, feeds: Values, attributes: Readonly<Record<string, Attribute>>): Value {
  const inputs = Object.entries(feeds).map(([name, { shape }]) => ({ name, shape }));
  const nodes = [{ op, inputs: Object.keys(feeds), outputs: ["y"], attributes }];
  const model = importOnnx(onnxFile({ opset, nodes, inputs, outputs: [{ name: "y" }] }));
  try {
    return runHere(model, feeds).y!;
  } finally {
    model.dispose();
  }
}

describe("operators of opset 6", () => {
  it.each(["Add", "Sub", "Mul", "Div", "Pow"])("%s broadcasts along the last axes or those from `axis` on", (op) => {
    const a = value([2, 3, 4], 1);
    const cases = [
      { shape: [4], attributes: { broadcast: 1 }, later: [4] },
      { shape: [3], attributes: { broadcast: 1, axis: 1 }, later: [3, 1] },
      { shape: [2, 3], attributes: { broadcast: 1, axis: 0 }, later: [2, 3, 1] },
      { shape: [3, 4], attributes: { broadcast: 1, axis: -2 }, later: [3, 4] },
      { shape: [2, 3, 4], attributes: {}, later: [2, 3, 4] },
    ];
    for (const { shape, attributes, later } of cases) {
      const b = value(shape, 2);
      expect(runNode(6, op, { a, b }, attributes)).toEqual(runNode(7, op, { a, b: { ...b, shape: later } }, {}));
    }
  });

  it("refuses an axis without room for the second operand", () => {
    const feeds = { a: value([2, 3], 1), b: value([3, 1], 2) };
    expect(() => runNode(6, "Add", feeds, { broadcast: 1, axis: 1 })).toThrow(
      /expected 2 axes from 1 on, got \[2, 3\]/,
    );
  });

  it("Gemm broadcasts C", () => {
    const feeds = { a: value([2, 3], 1), b: value([3, 4], 2), c: value([4], 3) };
    expect(runNode(6, "Gemm", feeds, { broadcast: 1 })).toEqual(runNode(7, "Gemm", feeds, {}));
  });

  it("BatchNormalization uses running statistics with is_test", () => {
    const names = ["x", "scale", "b", "mean", "variance"];
    const feeds = Object.fromEntries(names.map((name, i) => [name, value(i === 0 ? [2, 3, 4] : [3], i + 1)]));
    const expected = runNode(7, "BatchNormalization", feeds, {});
    expect(runNode(6, "BatchNormalization", feeds, { is_test: 1 })).toEqual(expected);
    expect(() => runNode(6, "BatchNormalization", feeds, {})).toThrow(/is_test: expected 1, got 0/);
  });

  it("Dropout keeps all values", () => {
    const x = value([2, 3], 1);
    expect(runNode(6, "Dropout", { x }, { is_test: 1, ratio: { float: 0.3 } })).toEqual(x);
  });

  it("AveragePool counts no padding", () => {
    const feeds = { x: value([1, 2, 5, 5], 1) };
    const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };
    expect(runNode(6, "AveragePool", feeds, attributes)).toEqual(runNode(7, "AveragePool", feeds, attributes));
    expect(() => runNode(6, "AveragePool", feeds, { ...attributes, count_include_pad: 1 })).toThrow(
      /count_include_pad/,
    );
  });
});
