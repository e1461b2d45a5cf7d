import { rram1, variationBackend, weightChip, withSigma } from "@neft/crossbar";
import { init } from "@neft/kernels";
import { type Model, run, trainableParameters } from "@neft/model";
import { add, assign, backward, crossEntropy, normals, scale, scope, stream, type Tensor, tensor } from "@neft/tensor";
import {
  addStrategy,
  type FinetuneOptions,
  finetune,
  type StrategyStep,
  strategies,
  strategyLoss,
  type TrainedWeight,
} from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";

beforeAll(() => init());

const base = (): Omit<FinetuneOptions, "model" | "strategy"> => {
  const data = toyImages(80);
  const validation = { images: 20, chips: 1 };
  return { data, normalisation: toyNormalisation(data), device: rram1, sigma: 0.15, batch: 20, validation };
};

const clean = ({ forward, labels }: StrategyStep): Tensor =>
  crossEntropy(forward({ sigma: 0, draw: 0 }).logits, labels);

describe("a step", () => {
  it("says where it is, and gives all its shards the same streams", async () => {
    const seen: { step: number; epoch: number; steps: number; first: number; keys: bigint[]; samples: number }[] = [];
    addStrategy("test", {
      id: "watching",
      summary: "records its steps",
      defaults: {},
      loss: (step) => {
        const { position, firstSample: first, x, labels } = step;
        const keys = [step.stream("a"), step.stream("a", 1), step.stream("b")];
        const samples = (x as Tensor).shape[0]!;
        expect(samples).toBe(labels.length);
        expect(step.teacher).toBeUndefined();
        seen.push({ ...position, first, keys, samples });
        return clean(step);
      },
    });
    const model = toyNet();
    await finetune({ ...base(), model, strategy: "watching", shards: 2, epochs: 2, seed: 3 });
    model.dispose();
    expect(seen.map(({ step, epoch, steps, first, samples }) => [step, epoch, steps, first, samples])).toEqual(
      [0, 1, 2, 3, 4, 5].flatMap((step) => [0, 10].map((first) => [step, step < 3 ? 1 : 2, 6, first, 10])),
    );
    for (let i = 0; i < seen.length; i += 2) expect(seen[i + 1]!.keys).toEqual(seen[i]!.keys);
    expect(new Set(seen.flatMap(({ keys }) => keys)).size).toBe(3 * 6);
    expect(seen[2]!.keys[1]).toBe(stream(3, { purpose: "strategy", name: "a", index: 1, step: 1 }));
  });

  it("has the outputs of the network before finetuning for a strategy with a teacher", async () => {
    const taught: Float32Array[] = [];
    addStrategy("test", {
      id: "taught",
      summary: "records its teacher's outputs",
      defaults: {},
      hasTeacher: true,
      loss: (step) => {
        const untrained = toyNet();
        const { outputs } = run(untrained, step.x);
        expect(step.teacher!.map((one) => one.toArray())).toEqual([outputs.get("logits")!.toArray()]);
        taught.push(step.teacher![0]!.floats());
        untrained.dispose();
        return clean(step);
      },
    });
    const model = toyNet();
    const { passes } = await finetune({ ...base(), model, strategy: "taught", learningRate: 0.05 });
    model.dispose();
    expect(taught).toHaveLength(3);
    expect(passes).toEqual({ forward: 6, backward: 3 });
  });

  it("takes the passes that its row says, with every strategy", async () => {
    for (const [id, { cost, target }] of strategies) {
      const own = cost();
      if (own === undefined) continue;
      const model = toyNet();
      const { passes, steps } = await finetune({ ...base(), model, strategy: id, shards: 2, epochs: 2 });
      model.dispose();
      expect(steps).toBe(6);
      expect(passes, `${id} ${target}`).toEqual({ forward: 6 * own.forward, backward: 6 * own.backward });
    }
  });
});

/** Loss and gradients of one step of a strategy, by names of parameters. */
function stepOf(model: Model, loss: (step: StrategyStep) => Tensor, batchNorm: "batch" | "frozen" = "batch") {
  const weights = trainableParameters(model).map(
    (name): TrainedWeight => ({ name, tensor: model.parameters.get(name)!, onCrossbar: name.endsWith("weight") }),
  );
  return scope(() => {
    const x = tensor(normals(stream(1, { purpose: "test" }), 6 * 64), [6, 1, 8, 8]);
    const chip = (sigma: number) => withSigma(weightChip({ device: rram1, perSample: false }), sigma);
    const result = strategyLoss({
      model,
      logits: "logits",
      strategy: { id: "own", loss },
      heads: [],
      headParameters: new Map(),
      weights,
      sigma: 0.2,
      batchNorm,
      x,
      labels: Int32Array.from({ length: 6 }, (_, i) => i % 4),
      backends: ({ sigma, draw }) => {
        const backend = variationBackend(chip(sigma), { seed: 1, purpose: "test", index: draw });
        return { network: backend, heads: backend };
      },
    });
    const value = result.loss.item();
    const gradients = backward(
      result.loss,
      weights.map(({ tensor }) => tensor),
    ).map((one) => one.floats());
    return { value, gradients, statistics: result.statistics.length, passes: result.passes() };
  });
}

describe("a pass with an offset", () => {
  it("is one with other weights: loss, gradients and variation", () => {
    const [model, other] = [toyNet({ batchNorm: true }), toyNet({ batchNorm: true })];
    const offsets = trainableParameters(model).map((name, index) => {
      const { size } = model.parameters.get(name)!;
      return normals(stream(1, { purpose: "offset", index }), size).map((one) => one / 16);
    });
    for (const [i, name] of trainableParameters(other).entries()) {
      const weight = other.parameters.get(name)!;
      const values = weight.floats();
      assign(
        weight,
        values.map((value, j) => value + offsets[i]![j]!),
      );
    }
    const loss = (step: StrategyStep, offset?: readonly Tensor[]) =>
      crossEntropy(step.forward({ sigma: 0.2, draw: 3, offset }).logits, step.labels);
    const shifted = stepOf(model, (step) =>
      loss(
        step,
        step.weights.map(({ tensor: { shape } }, i) => tensor(offsets[i]!, shape)),
      ),
    );
    const changed = stepOf(other, (step) => loss(step));
    expect(shifted.value).toBe(changed.value);
    expect(shifted.gradients).toEqual(changed.gradients);
    // The running statistics are those of the network itself.
    expect([shifted.statistics, changed.statistics]).toEqual([0, 1]);
    model.dispose();
    other.dispose();
  });

  it("gives gradients that a step can compute with", () => {
    const model = toyNet();
    const plain = stepOf(model, (step) => crossEntropy(step.forward({ sigma: 0, draw: 0 }).logits, step.labels));
    let within: Float32Array[] = [];
    const twice = stepOf(model, (step) => {
      const pass = () => crossEntropy(step.forward({ sigma: 0, draw: 0 }).logits, step.labels);
      const gradients = step.gradients(pass());
      within = gradients.map((one) => one.floats());
      expect(gradients.some(({ requiresGrad }) => requiresGrad)).toBe(false);
      return add(pass(), scale(pass(), 2));
    });
    expect(within).toEqual(plain.gradients);
    expect(twice.passes).toEqual({ forward: 3, backward: 3 });
    expect(plain.passes).toEqual({ forward: 1, backward: 1 });
    model.dispose();
  });

  it("refuses offsets of other shapes, and losses whose passes are used up", () => {
    const model = toyNet();
    const withOffset = (offset: unknown) => () =>
      stepOf(model, (step) => step.forward({ sigma: 0, draw: 0, offset: offset as Tensor[] }).logits);
    expect(withOffset([])).toThrow('strategy "own": forward: offset: expected 8 tensors, one for each weight, got 0');
    expect(withOffset(3)).toThrow('strategy "own": forward: offset: expected a list of tensors');
    expect(() =>
      stepOf(model, (step) => {
        const offset = step.weights.map((_, i) => (i === 1 ? tensor([1], [1]) : undefined));
        return step.forward({ sigma: 0, draw: 0, offset }).logits;
      }),
    ).toThrow('strategy "own": forward: offset of "conv1.bias": expected f32 [8], got f32 [1]');
    expect(() =>
      stepOf(model, (step) => {
        const loss = crossEntropy(step.forward({ sigma: 0, draw: 0 }).logits, step.labels);
        step.gradients(loss);
        return loss;
      }),
    ).toThrow("run the forward pass again");
    model.dispose();
  });
});
