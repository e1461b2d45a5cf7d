import { readFileSync } from "node:fs";
import * as neft from "neft";
import * as tensors from "neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => neft.init());

/** Names that a declaration file exports, including those of its `export *`. */
function namesOf(file: string): string[] {
  const text = readFileSync(new URL(`../dist/${file}`, import.meta.url), "utf8");
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list!.split(","));
  const names = lists.map((name) => name.replace(/^\s*type\s+/, "").trim()).filter((name) => name !== "");
  const whole = [...text.matchAll(/^export \* from "\.\/(.*)\.js"/gm)].flatMap(([, other]) => namesOf(`${other}.d.ts`));
  return [...names, ...whole].sort();
}

describe("the public API", () => {
  it("exports the counted number of names", () => {
    const names = namesOf("node.d.ts");
    expect(names).toEqual([...new Set(names)]);
    expect(names).toHaveLength(51);
    expect(namesOf("tensor.d.ts")).toEqual([
      "InputOptions",
      "Normalisation",
      "RunOptions",
      "RunResult",
      "Tensor",
      "gatherBatch",
      "noGrad",
      "normalisationOf",
      "run",
      "scope",
      "tensor",
    ]);
    expect(Object.keys(neft).every((name) => names.includes(name))).toBe(true);
  });
});

describe("predict", () => {
  const setup = () => {
    const net = new neft.GraphBuilder("net", { seed: 1 });
    const model = net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 3 }) });
    const values = Float32Array.from({ length: 4 * 250 }, (_, i) => Math.sin(i));
    const labels = new Int32Array(250);
    return { model, data: neft.makeDataset("test", { name: "some", values, labels, shape: [1, 2, 2], classes: 3 }) };
  };

  it("gives the scores of the digital network, for any batch", () => {
    const { model, data } = setup();
    const { scores, shape, argmax } = neft.predict(model, data);
    expect(shape).toEqual([250, 3]);
    const expected = tensors.scope(() => {
      const x = tensors.tensor(data.values as Float32Array, [250, 1, 2, 2]);
      return tensors.run(model, x).outputs.get("logits")!.toArray();
    });
    expect(scores).toEqual(expected);
    for (const [i, label] of argmax.entries()) {
      const own = [...scores.subarray(3 * i, 3 * i + 3)];
      expect(own[label]).toBe(Math.max(...own));
    }
    model.dispose();
  });

  it("uses the same chips as an evaluation", async () => {
    const { model, data } = setup();
    const { argmax } = neft.predict(model, data);
    const own = { ...data, labels: argmax };
    const settings = { sigma: 0.4, seed: 3, device: "rram4" };
    const { results } = await neft.evaluate(model, own, { ...settings, chips: 4 });
    const accuracies = [0, 1, 2, 3].map((chip) => {
      const predicted = neft.predict(model, own, { ...settings, chip }).argmax;
      return (100 * predicted.filter((label, i) => label === argmax[i]).length) / 250;
    });
    expect(Math.min(...accuracies)).toBe(results[0]!.accuracy.worst);
    expect(accuracies.reduce((sum, one) => sum + one, 0) / 4).toBeCloseTo(results[0]!.accuracy.mean, 10);
    model.dispose();
  });
});

describe("split", () => {
  it("holds out the same samples for the same seed, and others for another seed", () => {
    const values = Float32Array.from({ length: 20 }, (_, i) => i);
    const data = neft.makeDataset("test", { name: "some", values, labels: new Int32Array(20), shape: [1], classes: 1 });
    const held = (seed?: number) => [...neft.split(data, { validation: 5, seed }).validation.values];
    expect(held()).toEqual(held(1));
    expect(held()).not.toEqual(held(2));
    expect(neft.split(data, { validation: 5 }).training.count).toBe(15);
  });
});

describe("backendInfo", () => {
  it("reports the build and the environment", () => {
    const { build, relaxedAvailable, sharedMemory, threads, memory } = neft.backendInfo();
    expect(build).toBe("simd128");
    expect(typeof relaxedAvailable).toBe("boolean");
    expect(sharedMemory).toBe(true);
    expect(threads).toBeGreaterThanOrEqual(1);
    expect(memory.memory).toBeGreaterThan(0);
  });
});
