import { init } from "@neft/kernels";
import { type ArrayProduct, addOperators, arrayNodes, computeProduct, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { importOnnx } from "@neft/onnx";
import { noGrad, scope, tensor } from "@neft/tensor";
import { beforeAll, expect, it } from "vitest";
import { byReads } from "./by-reads.js";
import { fileOf, opsets } from "./sample-file.js";
import { samples } from "./samples/samples.js";

addOperators(moreOperators);
beforeAll(() => init());

it("products are what the reads of crossbars give, for every kind of map but lookups", () => {
  const seen = new Set<string>();
  const wrong: string[] = [];
  for (const sample of samples) {
    const { bytes, feeds } = fileOf(sample, sample.to ?? opsets.max);
    const model = importOnnx(bytes);
    if (arrayNodes(model).length > 0) {
      scope(() =>
        noGrad(() => {
          const inputs = Object.fromEntries(
            Object.entries(feeds).map(([name, { data, shape, dtype }]) => [
              name,
              tensor(data as Float32Array, shape, dtype),
            ]),
          );
          const product = (one: ArrayProduct) => {
            const y = computeProduct(one);
            seen.add(one.map.kind.name);
            const [expected, got] = [y.floats(), byReads(one)];
            const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
            const differs = got.floats().some((value, i) => !(Math.abs(value - expected[i]!) <= 1e-5 * largest));
            if (differs || got.shape.join() !== y.shape.join())
              wrong.push(`${sample.op} (${sample.about}): ${one.map.kind.name}`);
            return y;
          };
          run(model, inputs, { backend: { product } });
        }),
      );
    }
    model.dispose();
  }
  expect(wrong).toEqual([]);
  expect([...seen].sort()).toEqual([
    "convolution",
    "deformable convolution",
    "matrix",
    "spatial convolution",
    "transposed convolution",
  ]);
});
