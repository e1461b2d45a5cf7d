import { rram1 } from "@neft/crossbar";
import { batchTensor, split } from "@neft/data";
import { init } from "@neft/kernels";
import { type BatchStatistics, GraphBuilder, run } from "@neft/model";
import { assign, backward, normals, parameter, scope, stream, type Tensor, tensor } from "@neft/tensor";
import {
  type FinetuneOptions,
  type FinetuneProgress,
  type ForwardRequest,
  finetune,
  purposes,
  type StrategyStep,
  strategies,
} from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { divergence } from "../src/strategies/adversarial.js";
import { orthogonality } from "../src/strategies/correctnet.js";
import { cloningWorkers } from "./workers.js";

/** What the strategies and modifiers compute, against their definitions in float64. */

beforeAll(() => init());

type Given = Partial<FinetuneOptions>;

const base = (): Omit<FinetuneOptions, "model"> => {
  const data = toyImages(80);
  const validation = { images: 20, chips: 2 };
  return { data, normalisation: toyNormalisation(data), device: rram1, sigma: 0.15, batch: 20, validation };
};

/** A run of the small network, with the losses of its steps, and the weights at each event. */
async function runOf(given: Given, network: Parameters<typeof toyNet>[0] = { batchNorm: true }) {
  const model = toyNet(network);
  const losses: number[] = [];
  const seen: { kind: string; step: number; weights: Record<string, Float32Array> }[] = [];
  const onProgress = (event: FinetuneProgress): void => {
    if (event.kind === "step") losses.push(event.loss);
    const weights = Object.fromEntries([...model.parameters].map(([name, one]) => [name, one.floats()]));
    seen.push({ kind: event.kind, step: event.step, weights });
  };
  const result = await finetune({ ...base(), ...given, model, onProgress });
  const weights = Object.fromEntries([...model.parameters].map(([name, one]) => [name, one.floats()]));
  model.dispose();
  return { result, losses, seen, weights };
}

/** Requests of a strategy's forward passes at a position. */
function requestsOf(id: string, settings: object, position: { step: number; steps: number }): ForwardRequest[] {
  const requests: ForwardRequest[] = [];
  const step = {
    sigma: 0.2,
    labels: Int32Array.of(1),
    position: { epoch: 1, ...position },
    stream: (purpose: string) => stream(1, { purpose, step: position.step }),
    forward: (request: ForwardRequest) => {
      requests.push(request);
      return { logits: tensor([1, 2], [1, 2]), heads: [], outputs: [] };
    },
  };
  scope(() =>
    strategies
      .get(id)!
      .configure(settings)
      .loss(step as unknown as StrategyStep),
  );
  return requests;
}

describe("the σ of training", () => {
  it("is drawn from vant's range, one for each step", () => {
    const sigmas = Array.from({ length: 200 }, (_, step) => {
      const [{ sigma }, ...more] = requestsOf("vant", { sigmaFactors: [0.5, 1.5] }, { step, steps: 200 }) as [
        ForwardRequest,
      ];
      expect(more).toEqual([]);
      return sigma;
    });
    expect(Math.min(...sigmas)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...sigmas)).toBeLessThan(0.3);
    // The mean of 200 uniform numbers of standard deviation 0.2/√12 is within 4 of its own from the middle.
    const mean = sigmas.reduce((sum, one) => sum + one / 200, 0);
    expect(Math.abs(mean - 0.2)).toBeLessThan((4 * 0.2) / Math.sqrt(12 * 200));
    expect(new Set(sigmas).size).toBe(200);
  });

  it("grows linearly in sigma-ramp, and is a multiple in sigma-above", () => {
    const sigmas = [0, 1, 2, 3, 4].map((step) => requestsOf("sigma-ramp", {}, { step, steps: 5 })[0]!.sigma);
    for (const [i, sigma] of sigmas.entries()) expect(sigma).toBeCloseTo(0.05 * i, 12);
    expect(requestsOf("sigma-ramp", {}, { step: 0, steps: 1 })[0]!.sigma).toBe(0.2);
    expect(requestsOf("sigma-above", { sigmaFactor: 1.5 }, { step: 3, steps: 5 })[0]!.sigma).toBeCloseTo(0.3, 12);
  });

  it("doesn't change that of validation chips", async () => {
    const given: Given = { learningRate: 1e-30 };
    const [plain, above] = [
      await runOf({ ...given, strategy: "noise-injection" }),
      await runOf({ ...given, strategy: { id: "sigma-above", sigmaFactor: 2 } }),
    ];
    expect(above.result.validations[0]).toEqual(plain.result.validations[0]);
    expect(above.losses).not.toEqual(plain.losses);
  });
});

describe("correctnet's penalty", () => {
  it.each([
    [3, 7],
    [7, 3],
    [4, 4],
    [1, 5],
  ])("has the value and gradient of ‖WᵀW − I‖² for [%i, %i], up to a constant", (rows, columns) => {
    const values = normals(stream(1, { purpose: "test" }), rows * columns);
    const w = parameter(values, [rows, columns]);
    const { loss, gradient } = scope(() => {
      const loss = orthogonality(w);
      const value = loss.item();
      return { loss: value, gradient: backward(loss, [w])[0]!.floats() };
    });
    w.dispose();
    // R = WᵀW − I, and the gradient of ‖R‖² is 4·W·R.
    const at = (i: number, j: number): number => values[i * columns + j]!;
    const all = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
    const sumOf = (n: number, term: (i: number) => number): number => all(n).reduce((sum, i) => sum + term(i), 0);
    const r = all(columns).map((j) =>
      all(columns).map((k) => sumOf(rows, (i) => at(i, j) * at(i, k)) - (j === k ? 1 : 0)),
    );
    const expected = sumOf(columns, (j) => sumOf(columns, (k) => r[j]![k]! ** 2));
    // Of the smaller product: without the ones of the rows that are only in the larger.
    expect(loss / (expected - Math.max(0, columns - rows))).toBeCloseTo(1, 5);
    for (const i of all(rows)) {
      for (const k of all(columns)) {
        const own = 4 * sumOf(columns, (j) => at(i, j) * r[j]![k]!);
        expect(Math.abs(gradient[i * columns + k]! - own)).toBeLessThan(1e-4 * (1 + Math.abs(own)));
      }
    }
  });

  it("adds to the loss of noise injection, of crossbar weights alone", async () => {
    const loss = async (penalty: number) =>
      (await runOf({ strategy: { id: "correctnet", penalty } }, { batchNorm: false })).losses[0]!;
    const { losses } = await runOf({ strategy: "noise-injection" }, { batchNorm: false });
    expect(await loss(0)).toBe(losses[0]);
    const [one, two] = [await loss(1e-3), await loss(2e-3)];
    expect((two - losses[0]!) / (one - losses[0]!)).toBeCloseTo(2, 4);
    const model = toyNet();
    const sum = scope(() =>
      ["conv1", "conv2", "fc1", "fc2"].reduce(
        (all, name) => all + orthogonality(model.parameters.get(`${name}.weight`)!).item(),
        0,
      ),
    );
    model.dispose();
    expect((one - losses[0]!) / (1e-3 * sum)).toBeCloseTo(1, 4);
  });
});

/** Softmax regression of two samples in float64: loss and gradient by W [classes, inputs]. */
function regression(w: readonly number[], x: readonly number[][], labels: readonly number[]) {
  const inputs = x[0]!.length;
  const classes = w.length / inputs;
  const gradient = w.map(() => 0);
  let loss = 0;
  for (const [s, sample] of x.entries()) {
    const scores = Array.from({ length: classes }, (_, c) =>
      sample.reduce((sum, v, i) => sum + v * w[c * inputs + i]!, 0),
    );
    const total = scores.reduce((sum, one) => sum + Math.exp(one), 0);
    loss -= (scores[labels[s]!]! - Math.log(total)) / x.length;
    for (let c = 0; c < classes; c++) {
      const error = Math.exp(scores[c]!) / total - (labels[s] === c ? 1 : 0);
      for (let i = 0; i < inputs; i++) gradient[c * inputs + i]! += (error * sample[i]!) / x.length;
    }
  }
  return { loss, gradient };
}

describe("sam", () => {
  it("steps by the gradient at W + ρ·g/‖g‖", async () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const flat = net.flatten(net.input("image", [1, 8, 8]));
    const model = net.build({ logits: net.linear(flat, { name: "fc", outputs: 4, bias: false }) });
    const before = [...model.parameters.get("fc.weight")!.floats()];
    const data = toyImages(8);
    const rho = 0.5;
    const learningRate = 0.1;
    await finetune({
      data,
      normalisation: toyNormalisation(data),
      model,
      device: rram1,
      sigma: 0,
      strategy: { id: "sam", rho },
      optimiser: { id: "sgd", momentum: 0 },
      schedule: "constant",
      learningRate,
      batch: 8,
      validationData: data,
      onProgress: (event) => {
        if (event.kind !== "step") return;
        const indices = Uint32Array.from(data.labels, (_, i) => i);
        const x = scope(() => batchTensor(data, indices, toyNormalisation(data), [8, 1, 8, 8], "f32").floats());
        const samples = Array.from({ length: 8 }, (_, s) => [...x.subarray(64 * s, 64 * s + 64)]);
        const labels = [...data.labels];
        const first = regression(before, samples, labels).gradient;
        const length = Math.sqrt(first.reduce((sum, one) => sum + one * one, 0));
        const worst = regression(
          before.map((w, i) => w + (rho * first[i]!) / length),
          samples,
          labels,
        );
        const after = model.parameters.get("fc.weight")!.floats();
        for (const [i, w] of before.entries()) expect(after[i]!).toBeCloseTo(w - learningRate * worst.gradient[i]!, 5);
        expect(event.loss).toBeCloseTo(worst.loss, 4);
      },
    });
    model.dispose();
  });
});

describe("adversarial", () => {
  it("has the divergence of its definition", () => {
    const [p, q] = [normals(stream(1, { purpose: "p" }), 15), normals(stream(1, { purpose: "q" }), 15)];
    const softmax = (scores: Float32Array, s: number): number[] => {
      const own = [...scores.subarray(5 * s, 5 * s + 5)].map(Math.exp);
      return own.map((one) => one / own.reduce((sum, each) => sum + each, 0));
    };
    const expected = [0, 1, 2].reduce((sum, s) => {
      const [a, b] = [softmax(p, s), softmax(q, s)];
      return sum + a.reduce((all, one, i) => all + one * Math.log(one / b[i]!), 0) / 3;
    }, 0);
    expect(scope(() => divergence(tensor(p, [3, 5]), tensor(q, [3, 5])).item())).toBeCloseTo(expected, 5);
  });

  it("attacks within its box, further with more steps, and not without a box", async () => {
    const lossOf = async (strategy: object) =>
      (await runOf({ strategy: { id: "adversarial", ...strategy }, learningRate: 1e-30 })).losses[0]!;
    const { losses } = await runOf({ strategy: "noise-injection", learningRate: 1e-30 });
    expect(await lossOf({ zeta: 0 })).toBeCloseTo(losses[0]!, 6);
    const attacks = [];
    for (const attackSteps of [0, 1, 4]) attacks.push((await lossOf({ attackSteps, robustness: 1 })) - losses[0]!);
    expect(attacks[0]).toBeGreaterThan(0);
    expect(attacks[1]).toBeGreaterThan(10 * attacks[0]!);
    expect(attacks[2]).toBeGreaterThan(attacks[1]!);
  });

  it("changes no weight by more than ζ·|w|", () => {
    const weights = [0, 1].map((i) => ({
      name: `w${i}`,
      tensor: parameter(normals(stream(1, { purpose: "w", index: i }), 20), [4, 5]),
      onCrossbar: i === 0,
    }));
    const offsets: (readonly (Tensor | undefined)[])[] = [];
    scope(() => {
      const step = {
        sigma: 0.2,
        labels: Int32Array.of(1),
        weights,
        stream: (purpose: string, index: number) => stream(1, { purpose, index }),
        gradients: () =>
          weights.map(({ tensor: { shape } }) => tensor(normals(stream(2, { purpose: "g" }), 20), shape)),
        forward: ({ offset }: ForwardRequest) => {
          if (offset) offsets.push(offset);
          return { logits: tensor([1, 2], [1, 2]), heads: [], outputs: [] };
        },
      };
      strategies
        .get("adversarial")!
        .configure({ zeta: 0.3, attackSteps: 3 })
        .loss(step as unknown as StrategyStep);
      const w = weights[0]!.tensor.floats();
      const shares = offsets.map(([own, none]) => {
        expect(none).toBeUndefined();
        return own!.floats().map((one, i) => Math.abs(one / w[i]!));
      });
      expect(shares).toHaveLength(4);
      for (const all of shares) for (const share of all) expect(share).toBeLessThanOrEqual(0.3 + 1e-6);
      // Three steps of a third of the box reach its edge, but for what the start took back.
      expect(Math.min(...shares.at(-1)!)).toBeGreaterThan(0.2);
    });
    for (const { tensor } of weights) tensor.dispose();
  });
});

describe("modifiers", () => {
  it("ema validates and keeps the average, and training goes on as without it", async () => {
    const given: Given = { strategy: "noise-injection", epochs: 3, validation: { images: 20, chips: 2, every: 4 } };
    const [plain, averaged] = [await runOf(given), await runOf({ ...given, ema: 0.7 })];
    expect(averaged.losses).toEqual(plain.losses);
    const name = "fc1.weight";
    let average = [...plain.seen[0]!.weights[name]!];
    const expected = new Map([[0, average]]);
    for (const { kind, step, weights } of plain.seen) {
      if (kind !== "step") continue;
      const share = 1 - Math.min(0.7, (1 + step) / (10 + step));
      average = average.map((own, i) => own + share * (weights[name]![i]! - own));
      expected.set(step, average);
    }
    for (const { kind, step, weights } of averaged.seen) {
      if (kind !== "validation") continue;
      for (const [i, own] of expected.get(step)!.entries()) expect(weights[name]![i]!).toBeCloseTo(own, 5);
    }
    const { best } = averaged.result;
    expect(averaged.weights).toEqual(
      averaged.seen.find(({ kind, step }) => kind === "validation" && step === best!.step)!.weights,
    );
    // Decay 0 is the weights themselves; a frozen weight keeps its bits.
    expect((await runOf({ ...given, ema: 0 })).seen).toEqual(plain.seen);
    const frozen = await runOf({ ...given, ema: 0.7, freeze: ["fc1"] });
    expect(frozen.weights[name]).toEqual(plain.seen[0]!.weights[name]);
  });

  it("recalibrate measures running statistics on training samples, and training goes on as without it", async () => {
    const given: Given = { strategy: "none", sigma: 0, batch: 60, epochs: 3, learningRate: 0.05 };
    const [plain, measured] = [await runOf(given), await runOf({ ...given, recalibrate: 1 })];
    expect(measured.losses).toEqual(plain.losses);
    // All training samples are one batch; validation samples aren't among them.
    const data = toyImages(80);
    const { training } = split(data, 20, stream(1, { purpose: purposes.split }));
    const indices = Uint32Array.from({ length: 60 }, (_, i) => i);
    for (const { kind, step, weights } of measured.seen) {
      if (kind !== "validation") continue;
      const own = plain.seen.find((one) => one.kind === kind && one.step === step)!.weights;
      const model = toyNet({ batchNorm: true });
      for (const [name, values] of Object.entries(own)) assign(model.parameters.get(name)!, values);
      const [one, ...more] = scope(() => {
        const x = batchTensor(training, indices, toyNormalisation(data), [60, 1, 8, 8], "f32");
        return run(model, x, { batchNorm: "batch" }).statistics;
      }) as [BatchStatistics];
      model.dispose();
      expect(more).toEqual([]);
      for (const [i, mean] of one.batchMean.entries()) {
        expect(weights[one.mean]![i]!).toBeCloseTo(mean, 5);
        const unbiased = (one.batchVariance[i]! * one.count) / (one.count - 1);
        expect(weights[one.variance]![i]!).toBeCloseTo(unbiased, 4);
        expect(weights[one.mean]![i]!).not.toBe(own[one.mean]![i]!);
      }
      const isMeasured = (name: string): boolean => name === one.mean || name === one.variance;
      for (const name of Object.keys(own)) if (!isMeasured(name)) expect(weights[name]).toEqual(own[name]);
    }
    expect(measured.result.passes.forward).toBe(plain.result.passes.forward + measured.result.validations.length);
    const noisy = await runOf({ ...given, strategy: "noise-injection", sigma: 0.3, batch: 20, recalibrate: 5 });
    expect(noisy.result.ended.reason).toBe("finished");
  });

  it("clipGradients limits the step of plain descent", async () => {
    const given: Given = {
      strategy: "noise-injection",
      optimiser: { id: "sgd", momentum: 0 },
      schedule: "constant",
      learningRate: 1,
    };
    const moved = async (clipGradients: number | undefined): Promise<number> => {
      const { seen } = await runOf({ ...given, clipGradients }, { batchNorm: false });
      const [before, after] = [seen[0]!.weights, seen[1]!.weights];
      const squares = Object.keys(before).flatMap((name) =>
        [...before[name]!].map((one, i) => (one - after[name]![i]!) ** 2),
      );
      return Math.sqrt(squares.reduce((sum, one) => sum + one, 0));
    };
    const free = await moved(undefined);
    expect(await moved(free / 4)).toBeCloseTo(free / 4, 5);
    expect(await moved(2 * free)).toBe(free);
  });

  it("distill adds its divergence to the loss, of any strategy that reads labels", async () => {
    for (const id of ["noise-injection", "ovf", "sam", "adversarial"]) {
      const losses = [];
      for (const distill of [undefined, 1, 3]) losses.push((await runOf({ strategy: id, distill })).losses[0]!);
      const [none, one, three] = losses as [number, number, number];
      expect(one, id).toBeGreaterThan(none);
      expect((three - none) / (one - none), id).toBeCloseTo(3, 2);
    }
    // Without variation the network is its own teacher at the first step.
    const batchNorm = "frozen";
    const [plain, same] = [
      await runOf({ strategy: "none", batchNorm }),
      await runOf({ strategy: "none", batchNorm, distill: 5 }),
    ];
    expect(same.losses[0]).toBeCloseTo(plain.losses[0]!, 5);
  });

  it.each<[Given, object, string]>([
    [
      { recalibrate: 2 },
      {},
      "recalibrate: expected a network with batch normalisations whose statistics move (batchNorm batch), got none such",
    ],
    [
      { recalibrate: 2, batchNorm: "frozen" },
      { batchNorm: true },
      "recalibrate: expected a network with batch normalisations",
    ],
    [
      { distill: 1, strategy: "distillation" },
      {},
      'distill: expected a strategy that reads labels, got "distillation"',
    ],
    [{ ema: 1 }, {}, "ema: expected a number ≥ 0 and < 1, got 1"],
    [{ clipGradients: 0 }, {}, "clipGradients: expected a number > 0, got 0"],
    [{ distill: -1 }, {}, "distill: expected a number > 0, got -1"],
    [{ recalibrate: 0.5 }, {}, "recalibrate: expected a whole number ≥ 1"],
  ])("refuse %o", async (given, network, message) => {
    await expect(runOf({ strategy: "none", ...given }, network)).rejects.toThrow(message);
  });
});

describe("every strategy", () => {
  it("gives the same bits for any number of workers at equal shards", async () => {
    for (const [id, { cost, hasHeads }] of strategies) {
      if (cost() === undefined) continue;
      const strategy = hasHeads ? { id, hidden: 8 } : { id };
      const all: Given = { strategy, shards: 3, ema: 0.5, recalibrate: 1, clipGradients: 1 };
      const given = id === "distillation" ? all : { ...all, distill: 0.1 };
      const alone = await runOf(given);
      for (const workers of [cloningWorkers(1), cloningWorkers(4)])
        expect((await runOf({ ...given, workers })).weights, id).toEqual(alone.weights);
    }
  }, 120_000);
});
