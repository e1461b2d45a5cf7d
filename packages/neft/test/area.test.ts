import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSession, equalise, exportOnnx, importOnnx, init, makeDataset, take } from "neft";
import { beforeAll, describe, expect, it } from "vitest";
import { ownNetworks } from "../../onnx/test/networks.js";
import { numbers } from "../../onnx/test/onnx-file.js";
import { differences, runHere, runInRuntime, type Values } from "../../onnx/test/runtime.js";

/** Networks with outputs of weights written several times: functions, sessions and files. */

beforeAll(() => init());

const lenet = readFileSync(new URL("../../../examples/models/mnist-lenet5.onnx", import.meta.url));
const images = makeDataset("samples", {
  name: "some",
  values: Uint8Array.from({ length: 64 * 784 }, (_, i) => (i * 7919 + (i >> 5)) % 251),
  shape: [1, 28, 28],
});
/** Comparing bytes one by one takes a minute. */
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const options = { area: 1.1, steps: 0, batch: 8, sigma: 0.2 } as const;

describe("equalise with an area", () => {
  it.each(ownNetworks)("keeps the outputs of $name in onnxruntime", async ({ bytes }) => {
    const model = importOnnx(bytes);
    const [input] = model.inputs;
    const shape = [2, ...(input!.shape.slice(1) as number[])];
    const feeds: Values = {
      [input!.name]: { dtype: "f32", shape, data: numbers(shape.reduce((all, size) => all * size, 1)) },
    };
    const expected = await runInRuntime(bytes, feeds);
    const { wide, area } = await equalise(model, { area: 1.2 });
    expect(area!.used).toBeGreaterThan(1);
    expect(area!.used).toBeLessThanOrEqual(1.2);
    const made = await runInRuntime(exportOnnx(wide!), feeds);
    for (const [name, { data }] of Object.entries(expected)) {
      for (let i = 0; i < data.length; i++) {
        const [y, own] = [Number(data[i]), Number(made[name]!.data[i])];
        expect(Math.abs(own - y)).toBeLessThan(1e-5 * Math.max(1, Math.abs(y)));
      }
    }
    expect(differences(runHere(wide!, feeds), made)).toEqual([]);
    wide!.dispose();
    model.dispose();
  });

  it("gives a session's further network the same weights", async () => {
    const model = importOnnx(lenet);
    const { wide, ...result } = await equalise(model, { ...options, data: take(images, 16) });
    expect(result.area!.distance!.after).toBeLessThan(result.area!.distance!.before);
    const session = await createSession({ workers: 1 });
    try {
      const network = await session.importOnnx(new Uint8Array(lenet));
      const data = await session.addDataset(take(images, 16));
      const { wide: further, ...same } = await session.equalise(network, { ...options, data });
      expect(same).toEqual(result);
      expect(hash(await session.exportOnnx(further!))).toBe(hash(exportOnnx(wide!)));
      expect(hash(await session.exportOnnx(network))).toBe(hash(exportOnnx(model)));
      await further!.dispose();
    } finally {
      await session.close();
    }
    wide!.dispose();
    model.dispose();
  });
});
