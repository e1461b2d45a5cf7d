import * as neft from "neft";
import * as tensors from "neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { unexportedTypes } from "./exported-types.js";

beforeAll(() => neft.init());

describe("the public API", () => {
  it("has at most 45 names besides types", () => {
    const names = Object.keys(neft);
    expect(names.length).toBeLessThanOrEqual(45);
    expect(names).toHaveLength(45);
  });

  it("names all types that its signatures mention", () => {
    expect(unexportedTypes(["node", "tensor", "results", "page"])).toEqual([]);
  });
});

describe("defineStrategy", () => {
  const row = {
    id: "twice",
    summary: "mean loss of two chips",
    defaults: { beta: 0.5 },
    loss: ({ forward, sigma, labels }: neft.StrategyStep, { beta }: { readonly beta: number }) => {
      const [first, second] = [0, 1].map((draw) => tensors.crossEntropy(forward({ sigma, draw }).logits, labels));
      return tensors.add(tensors.scale(first!, 1 - beta), tensors.scale(second!, beta));
    },
  };
  const train = (options: neft.FinetuneOptions) => {
    const net = new neft.GraphBuilder("net", { seed: 1 });
    const model = net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 3 }) });
    const values = Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i));
    const labels = Int32Array.from({ length: 64 }, (_, i) => i % 3);
    const data = neft.makeDataset("test", { name: "some", values, labels, shape: [1, 2, 2], classes: 3 });
    return neft.finetune(model, data, { batch: 16, validation: { images: 16 }, ...options });
  };

  it("adds a strategy that finetune takes by its id, in this thread", async () => {
    expect(neft.defineStrategy(row).id).toBe("twice");
    expect([...neft.strategies.keys()]).toContain("twice");
    const { ended, steps, settings } = await train({ strategy: { id: "twice", beta: 0.25 } });
    expect({ ended, steps, strategy: settings.strategy }).toEqual({
      ended: { reason: "finished" },
      steps: 3,
      strategy: { id: "twice", beta: 0.25 },
    });
    await expect(train({ strategy: "twice", workers: 2 })).rejects.toThrow(
      'finetune: strategy "twice": expected no workers, which know only noise-injection, ovf, irs, ovf-irs, temperature, vant, sigma-ramp, sigma-above, correctnet, adversarial, sam, none, distillation; leave out the option workers',
    );
    await expect(train({ strategy: { id: "twice", gamma: [1] } })).rejects.toThrow("strategy twice");
  });

  it.each<[neft.FinetuneOptions, readonly number[]]>([
    [{ chip: "pcm" }, [0.75, 0.5, 0.25]],
    [{ chip: "pcm", strategy: "ovf" }, [0.75, 0.5, 0.25]],
    [{ chip: "pcm", strategy: { id: "ovf", deltaSigma: [0.15, 0.1, 0.05] } }, [0.15, 0.1, 0.05]],
    [{ chip: "rram1-cells" }, [0.15, 0.1, 0.05]],
    [{}, [0.15, 0.1, 0.05]],
  ])("OVF's increments of %o suit the chip's σ, unless they are given", async (options, deltaSigma) => {
    expect((await train(options)).settings.strategy.deltaSigma).toEqual(deltaSigma);
  });

  it.each([
    [{ ...row, id: "ovf" }, 'defineStrategy: id: expected a new id, got "ovf", which is taken'],
    [{ ...row, id: 3 }, "id: expected an id of lower-case letters, digits and dashes, at most 64, got 3"],
    [{ ...row, id: "a", loss: undefined }, "loss: expected a function, got undefined"],
    [{ ...row, id: "a", defaults: { bet: 1 } }, "defineStrategy: defaults: expected a list of settings (beta, gamma"],
    [{ ...row, id: "a", defaults: { beta: "x" } }, "beta"],
    [{ ...row, id: "a", name: "x" }, "defineStrategy: expected no option but id"],
  ])("refuses %o", (wrong, message) => {
    expect(() => neft.defineStrategy(wrong as never)).toThrow(message);
    expect(neft.strategies.has("a")).toBe(false);
  });
});

const setup = () => {
  const net = new neft.GraphBuilder("net", { seed: 1 });
  const model = net.build({ logits: net.linear(net.flatten(net.input("image", [1, 2, 2])), { outputs: 3 }) });
  const values = Float32Array.from({ length: 4 * 250 }, (_, i) => Math.sin(i));
  const labels = new Int32Array(250);
  return { model, data: neft.makeDataset("test", { name: "some", values, labels, shape: [1, 2, 2], classes: 3 }) };
};

describe("predict", () => {
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
      const predicted = neft.predict(model, own, { ...settings, index: chip }).argmax;
      return (100 * predicted.filter((label, i) => label === argmax[i]).length) / 250;
    });
    expect(Math.min(...accuracies)).toBe(results[0]!.accuracy.worst);
    expect(accuracies.reduce((sum, one) => sum + one, 0) / 4).toBeCloseTo(results[0]!.accuracy.mean, 10);
    model.dispose();
  });
});

describe("predict's numbers", () => {
  it.each([
    [{ index: 2 ** 32 }, "index: expected a whole number ≥ 0 and ≤ 4294967295, got 4294967296"],
    [{ index: -1 }, "index: expected a whole number ≥ 0 and ≤ 4294967295, got -1"],
    [{ seed: 2 ** 53 }, "seed: expected a whole number ≥ 0 and ≤ 9007199254740991, got 9007199254740992"],
  ])("have a maximum, which errors say: %o", (options, message) => {
    const { model, data } = setup();
    expect(() => neft.predict(model, data, { sigma: 0.1, ...options })).toThrow(message);
    // The largest values work, and the model is free after an error.
    neft.predict(model, data, { sigma: 0.1, index: 2 ** 32 - 1, seed: 2 ** 53 - 1 });
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
