import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { evaluate, importOnnx, init, makeDataset } from "neft";
import { beforeAll, expect, test } from "vitest";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in use after a collection. The second collection frees what finalizers released. */
async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

beforeAll(() => init());

test("evaluations with workers of their own leave no memory behind", async () => {
  const file = new URL("../../../examples/models/mnist-lenet5.onnx", import.meta.url);
  const model = importOnnx(new Uint8Array(readFileSync(file)));
  const count = 200;
  const data = makeDataset("leak test", {
    name: "grey images",
    values: new Uint8Array(count * 784).fill(100),
    labels: new Int32Array(count),
    shape: [1, 28, 28],
    classes: 10,
  });
  let second = 0;
  for (let call = 1; call <= 20; call++) {
    await evaluate(model, data, { sigma: 0.1, chips: 2, workers: 2 });
    if (call === 2) second = await bytesInUse();
  }
  expect((await bytesInUse()) - second).toBeLessThan(1e6);
});
