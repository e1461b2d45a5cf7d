import { init } from "@neft/kernels";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { beforeAll, describe, expect, it } from "vitest";
import { int64s, numbers, onnxFile, type Tensor } from "./onnx-file.js";
import { runHere, runInRuntime, type Value, type Values } from "./runtime.js";

/** Whether a key is seen by the first and by the second of two queries: the second sees none. */
const mask: Tensor = { name: "mask", dims: [2n, 3n], dataType: 9, rawData: Uint8Array.of(1, 1, 0, 0, 0, 0) };

describe("where onnxruntime departs from the standard, we follow the standard", () => {
  beforeAll(() => {
    addOperators(moreOperators);
    return init();
  });

  it("Attention gives NaN for a query that sees no key", async () => {
    const names = ["q", "k", "v"] as const;
    const bytes = onnxFile({
      opset: 24,
      ir: 10,
      nodes: [{ op: "Attention", inputs: [...names, "mask"], outputs: ["y"] }],
      inputs: names.map((name) => ({ name, shape: [1, 1, name === "q" ? 2 : 3, 2] })),
      outputs: [{ name: "y" }],
      initializers: [mask],
    });
    const feeds: Values = Object.fromEntries(
      names.map((name, i): [string, Value] => {
        const length = name === "q" ? 2 : 3;
        return [name, { dtype: "f32", shape: [1, 1, length, 2], data: numbers(2 * length, i + 1) }];
      }),
    );
    const model = importOnnx(bytes);
    const [here, there] = [runHere(model, feeds), await runInRuntime(bytes, feeds)].map(({ y }) => [...y!.data]);
    expect(here!.slice(0, 2)).toEqual(there!.slice(0, 2).map((value) => expect.closeTo(Number(value), 5)));
    expect(here!.slice(2)).toEqual([Number.NaN, Number.NaN]);
    model.dispose();
  });

  const squeezed = (opset: number, axes: readonly number[] | undefined): readonly number[] => {
    const isInput = opset >= 13;
    const bytes = onnxFile({
      opset,
      nodes: [
        {
          op: "Squeeze",
          inputs: axes && isInput ? ["x", "axes"] : ["x"],
          outputs: ["y"],
          attributes: axes && !isInput ? { axes: { ints: axes.map(BigInt) } } : {},
        },
      ],
      inputs: [{ name: "x", shape: [1, 3, 1] }],
      outputs: [{ name: "y" }],
      initializers: axes && isInput ? [int64s("axes", axes)] : [],
    });
    const model = importOnnx(bytes);
    const { y } = runHere(model, { x: { dtype: "f32", shape: [1, 3, 1], data: numbers(3) } });
    model.dispose();
    return y!.shape;
  };

  it("Squeeze drops no axis if it is given an empty list as input, and all of size 1 without a list", () => {
    for (const opset of [13, 24]) {
      expect(squeezed(opset, [])).toEqual([1, 3, 1]);
      expect(squeezed(opset, undefined)).toEqual([3]);
      expect(squeezed(opset, [-1])).toEqual([1, 3]);
    }
    // As an attribute, an empty list is an absent one.
    for (const opset of [9, 12]) {
      expect(squeezed(opset, [])).toEqual([3]);
      expect(squeezed(opset, undefined)).toEqual([3]);
    }
  });
});
