import { init } from "@neft/kernels";
import { GraphBuilder, type Model } from "@neft/model";
import { assign, normals, parameter, scope, stream, tensor } from "@neft/tensor";
import {
  type ModifierSettings,
  type OptimiserSettings,
  optimiserNamed,
  optimisers,
  startModifiers,
} from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

/** A run at its first step, as modifiers see it. */
const runOf = (model: Model, frozen: ReadonlySet<string> = new Set()) => ({
  model,
  frozen,
  tensors: [...model.parameters.values()],
  hasMovingNorms: false,
  position: () => ({ epoch: 1, step: 1, steps: 1 }),
  noisyStatistics: () => Promise.reject(new Error("expected no passes")),
});

/** Lets the modifiers act once, as after a step. */
function modify(model: Model, settings: ModifierSettings, frozen: ReadonlySet<string> = new Set()): void {
  for (const { afterStep } of startModifiers(runOf(model, frozen), settings).values()) afterStep?.();
}

/** Five steps in float64, computed from the definitions. */
const references: Record<string, (w: number[], gradients: number[][], rate: number) => void> = {
  adam(w, gradients, rate) {
    const m = w.map(() => 0);
    const v = w.map(() => 0);
    for (const [t, g] of gradients.entries()) {
      for (const i of w.keys()) {
        m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
        v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
        const unbiased = m[i]! / (1 - 0.9 ** (t + 1));
        w[i]! -= (rate * unbiased) / (Math.sqrt(v[i]! / (1 - 0.999 ** (t + 1))) + 1e-8);
      }
    }
  },
  sgd(w, gradients, rate) {
    const buffer = w.map(() => 0);
    for (const g of gradients) {
      for (const i of w.keys()) {
        buffer[i] = 0.9 * buffer[i]! + g[i]!;
        w[i]! -= rate * buffer[i]!;
      }
    }
  },
};

describe("optimisers", () => {
  it("match their definitions", () => {
    for (const [id, optimiser] of optimisers) {
      const start = normals(stream(1, { purpose: "test" }), 13);
      const gradients = [1, 2, 3, 4, 5].map((step) => normals(stream(1, { purpose: "test", step }), 13));
      const w = parameter(start, [13]);
      const state = optimiser.start([w], { id });
      for (const g of gradients) scope(() => state.step([tensor(g, [13])], 0.01));
      const expected = [...start];
      references[id]!(
        expected,
        gradients.map((g) => [...g]),
        0.01,
      );
      const got = w.toArray() as Float32Array;
      for (const i of expected.keys()) expect(got[i], `${id}[${i}]`).toBeCloseTo(expected[i]!, 5);
      state.dispose();
      w.dispose();
    }
  });

  it.each([...optimisers.values()])("$id reads the settings it has defaults for, no others", (optimiser) => {
    const read = new Set<string>();
    const watched = new Proxy({ id: optimiser.id } as OptimiserSettings, {
      get: (settings, name: keyof OptimiserSettings) => {
        read.add(name);
        return settings[name];
      },
    });
    optimiser.start([], watched).dispose();
    expect([...read].sort()).toEqual(Object.keys(optimiser.defaults).sort());
  });

  it("refuse unknown ids and settings", () => {
    expect(() => optimiserNamed({ id: "lion" })).toThrow(
      `optimiser: expected one of ${[...optimisers.keys()].join(", ")}, got "lion"`,
    );
    expect(() => optimiserNamed({ id: "adam", betas: [0.9, 1] })).toThrow(
      "optimiser.betas: expected a number ≥ 0 and < 1, got 1",
    );
    expect(() => optimiserNamed({ id: "sgd", momentum: -1 })).toThrow(
      "optimiser.momentum: expected a number ≥ 0 and < 1, got -1",
    );
    expect(() => optimiserNamed({ id: "adam", epsilon: 0 })).toThrow("epsilon: expected a number > 0, got 0");
    expect(() => optimiserNamed({ id: "adam", momentum: 0.5 })).toThrow(
      "optimiser adam: expected no setting but optimiser.betas, optimiser.epsilon, optimiser.weightDecay, got optimiser.momentum",
    );
    expect(() => optimiserNamed({ id: "sgd", weightDecay: Number.NaN })).toThrow(
      "weightDecay: expected a number ≥ 0, got NaN",
    );
  });
});

describe("modifiers", () => {
  it("clip array weights at c times their root mean square and nothing else", () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const model = net.build({ logits: net.linear(net.input("x", [50]), { name: "fc", outputs: 10 }) });
    const weight = model.parameters.get("fc.weight")!;
    const before = weight.toArray() as Float32Array;
    const rms = Math.sqrt(before.reduce((sum, w) => sum + w * w, 0) / before.length);
    modify(model, { clip: 1.5 });
    const after = weight.toArray() as Float32Array;
    for (const [i, w] of before.entries()) {
      const expected = Math.max(-1.5 * rms, Math.min(1.5 * rms, w));
      expect(after[i]).toBeCloseTo(expected, 6);
    }
    model.dispose();
  });

  it.each([1, 1.01, 2, 3])("leave tensors of equal magnitudes unchanged over many steps: c = %f", (c) => {
    for (const values of [
      [1 / 9, 1 / 9, 1 / 9],
      [0.3, -0.3, 0.3],
      [1e-30, 1e-30, -1e-30],
      [0, 0, 0],
      [7e18, 7e18, 7e18],
    ]) {
      const net = new GraphBuilder("net", { seed: 1 });
      const model = net.build({ logits: net.linear(net.input("x", [3]), { name: "fc", outputs: 1 }) });
      const weight = model.parameters.get("fc.weight")!;
      assign(weight, Float32Array.from(values));
      for (let step = 0; step < 100; step++) modify(model, { clip: c });
      expect(weight.toArray()).toEqual(Float32Array.from(values));
      model.dispose();
    }
  });

  it("leave frozen weights alone", () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const model = net.build({ logits: net.linear(net.input("x", [50]), { name: "fc", outputs: 10 }) });
    const before = model.parameters.get("fc.weight")!.toArray();
    modify(model, { clip: 1 }, new Set(["fc.weight"]));
    expect(model.parameters.get("fc.weight")!.toArray()).toEqual(before);
    model.dispose();
  });

  it("are off by default", () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const model = net.build({ logits: net.linear(net.input("x", [3]), { name: "fc", outputs: 1 }) });
    const run = runOf(model);
    expect([...startModifiers(run, {}).keys()]).toEqual([]);
    for (const clip of [0, -1, 0.99, Number.NaN, Infinity])
      expect(() => startModifiers(run, { clip })).toThrow(`clip: expected a number ≥ 1, got ${clip}`);
    model.dispose();
  });
});
