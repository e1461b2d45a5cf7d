import { createRequire } from "node:module";
import { rram1 } from "@neft/crossbar";
import { makeNormalisation } from "@neft/data";
import { bindSamples, type SampledInputs } from "@neft/evaluation";
import { createTrainingState, disposeTrainingState, shardGradients } from "@neft/training";
import { type Dataset, evaluate, finetune, importOnnx, init, type Model, makeDataset } from "neft";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../../onnx/test/networks/files.mjs";
import { networks } from "../../onnx/test/networks/table.mjs";
import { feedsOf } from "../../onnx/test/networks/values.mjs";

/** Real networks against themselves: detectors, networks with states, some of several outputs, some with a batch fixed at 1. */

const { resolve } = createRequire(import.meta.url);
await init();

type Network = (typeof networks)[number];

/** A network that is left out, and why. */
const left = {
  name: "M-LSD large 512",
  reason: "its passes take a minute; at 320 × 320 the same network takes a third",
};

/** Networks whose passes take seconds: they get one sample and one chip. */
const slow = /^M-LSD/;

/** Those that take so long that they aren't finetuned as a whole. */
const slowest = /^M-LSD (tiny 512|large)/;

/** The weights of its products are integers, which don't train. */
const untrained = "BERT, int8, dynamic ranges";

interface Input {
  readonly data: Dataset;
  /** The input's axis with the samples; undefined if all samples share the value. */
  readonly axis: number | undefined;
}

/** Samples of all inputs, with the seeds of the table. */
function samplesOf({ inputs, sizes }: Pick<Network, "inputs" | "sizes">, count: number): Record<string, Input> {
  const feeds = Array.from({ length: count }, (_, i) =>
    feedsOf({ inputs }, { ...sizes[0]!, N: 1, seed: sizes[i]?.seed ?? i + 1 }),
  );
  const datasets = Object.entries(inputs).map(([name, { shape }]) => {
    const axis = shape.indexOf("N");
    const rows = (axis < 0 ? feeds.slice(0, 1) : feeds).map((feed) => feed[name]!);
    const sample = rows[0]!.shape.filter((_, i) => i !== axis);
    const values = Float32Array.from(rows.flatMap(({ data }) => Array.from<number | bigint, number>(data, Number)));
    const data = makeDataset(name, { name, values, shape: sample.length === 0 ? [1] : sample });
    return [name, { data, axis: axis < 0 ? undefined : axis }] as const;
  });
  return Object.fromEntries(datasets);
}

const datasetsOf = (samples: Readonly<Record<string, Input>>): Record<string, Dataset> =>
  Object.fromEntries(Object.entries(samples).map(([name, { data }]) => [name, data]));

/** Loss and gradients of steps of distillation that all have the samples as their batch and the same draw. */
function stepsOf(
  model: Model,
  samples: Readonly<Record<string, Input>>,
  { sigma, compare }: { readonly sigma: number; readonly compare?: "logits" },
) {
  const inputs: SampledInputs = Object.fromEntries(
    Object.entries(samples).map(([name, { data, axis }]) => [
      name,
      { data, axis, normalisation: makeNormalisation(data, { scale: 1, layout: data.layout }) },
    ]),
  );
  const { count, ...bound } = bindSamples({ model, inputs }, compare === "logits");
  const values = bound.outputs.map(({ value }) => value);
  const state = createTrainingState(bound.model, bound.inputs[0]!.data, {
    strategy: { id: "distillation", distance: "error", temperature: 1 },
    chip: undefined,
    device: rram1,
    weightBits: 8,
    bitsPerCell: undefined,
    perSample: false,
    sigma,
    batchNorm: "frozen",
    fixedBatch: bound.fixed?.batch,
    seed: 1,
    logits: values[0]!,
    target: { inputs: bound.inputs, values },
    heads: [],
    normalisation: bound.inputs[0]!.normalisation,
  });
  const job = { step: 0, shard: 0, shards: 1, indices: Uint32Array.from({ length: count }, (_, i) => i), first: 0 };
  const powers = values.map(() => 1);
  const initial = state.trained.map((tensor) => tensor.floats());
  return {
    initial,
    run: (weights: readonly Float32Array[]) => shardGradients(state, { ...job, powers, weights }),
    dispose: () => {
      disposeTrainingState(state);
      bound.dispose();
    },
  };
}

/**
 * Share of the loss that a step along its gradient would take away if the loss were linear. Much smaller steps drown in the rounding of
 * quantised activations.
 */
const share = 0.3;

/** Makes one step along the gradient, and expects the loss of the same batch and draw to fall. */
function expectFallingLoss({ initial, run }: ReturnType<typeof stepsOf>): void {
  const { loss, gradients } = run(initial);
  const square = gradients.reduce((sum, gradient) => gradient.reduce((all, g) => all + g * g, sum), 0);
  for (const value of [loss, square]) {
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(Number.POSITIVE_INFINITY);
  }
  const rate = (share * loss) / square;
  // The gradients are overwritten by the second run.
  const changed = initial.map((weight, i) => weight.map((w, j) => w - rate * gradients[i]![j]!));
  expect(run(changed).loss).toBeLessThan(loss);
}

const tested = networks.filter(({ name }) => ![left.name, untrained].includes(name));

it(`leaves out ${left.name} because ${left.reason}`, () => {
  expect(networks.some(({ name }) => name === left.name)).toBe(true);
  expect(tested).toHaveLength(networks.length - 2);
});

describe.each(tested)("$name, without labels", (network) => {
  const isSlow = slow.test(network.name);
  const samples = samplesOf(network, isSlow ? 1 : 2);

  it("deviates on chips", async () => {
    const model = importOnnx(bytesOf(network, resolve));
    const settings = { reference: "clean", sigma: [0, 0.1], chips: isSlow ? 1 : 2 } as const;
    const { results } = await evaluate(model, datasetsOf(samples), settings);
    const [clean, varied] = results;
    for (const one of clean!.outputs) expect(one.relativeError.mean, one.name).toBe(0);
    expect(clean!.cosine.mean).toBe(1);
    for (const one of varied!.outputs) {
      expect(one.relativeError.mean, one.name).toBeGreaterThan(0);
      expect(one.cosine.mean, one.name).toBeLessThanOrEqual(1);
      if (one.agreement !== null) expect(one.agreement.mean, one.name).toBeLessThanOrEqual(100);
    }
    model.dispose();
  }, 120_000);

  it("has finite gradients in a step of distillation, along which the loss falls", () => {
    const model = importOnnx(bytesOf(network, resolve));
    const steps = stepsOf(model, samples, { sigma: 0.01 });
    expectFallingLoss(steps);
    steps.dispose();
    model.dispose();
  }, 120_000);

  it.runIf(!slowest.test(network.name))(
    "is finetuned by a step",
    async () => {
      const model = importOnnx(bytesOf(network, resolve));
      const losses: number[] = [];
      const datasets = datasetsOf(samples);
      const { ended, validations } = await finetune(model, datasets, {
        strategy: "distillation",
        sigma: 0.01,
        batch: isSlow ? 1 : 2,
        batchNorm: "frozen",
        learningRate: 1e-5,
        validationData: datasets,
        validation: { chips: 1 },
        onProgress: (progress) => {
          if (progress.kind === "step") losses.push(progress.loss);
        },
      });
      expect(ended).toEqual({ reason: "finished" });
      expect(losses).toHaveLength(1);
      expect(losses[0]).toBeGreaterThan(0);
      expect(validations.map(({ step }) => step)).toEqual([0, 1]);
      model.dispose();
    },
    120_000,
  );
});

describe("a saturated sigmoid", () => {
  const network = networks.find(({ name }) => name === "openWakeWord hey_mycroft")!;
  // Scores of 0 and 1 in f32, from logits beyond ±17.
  const samples = samplesOf({ ...network, sizes: [{ N: 1, seed: 1 }] }, 1);

  it("hides the variation, which evaluate says, and shows it in the logits", async () => {
    const model = importOnnx(bytesOf(network, resolve));
    const settings = { reference: "clean", sigma: 0.01, chips: 3 } as const;
    const hidden = await evaluate(model, datasetsOf(samples), settings);
    expect(hidden.results[0]!.relativeError.worst).toBe(0);
    expect(hidden.warnings).toContainEqual(
      expect.stringMatching(/^output "39": the same on all chips as on the clean network; .* \(compare logits\)/),
    );
    const shown = await evaluate(model, datasetsOf(samples), { ...settings, compare: "logits" });
    expect(shown.results[0]!.relativeError.mean).toBeGreaterThan(0);
    expect(shown.warnings.filter((one) => one.startsWith("output"))).toEqual([]);
    model.dispose();
  });

  it("is trained towards the logits, with a falling loss", () => {
    const model = importOnnx(bytesOf(network, resolve));
    const outputs = stepsOf(model, samples, { sigma: 0.01 });
    expect(outputs.run(outputs.initial).loss).toBe(0);
    outputs.dispose();
    const logits = stepsOf(model, samples, { sigma: 0.01, compare: "logits" });
    expectFallingLoss(logits);
    logits.dispose();
    model.dispose();
  });
});

describe("a network whose weights are integers", () => {
  const network = networks.find(({ name }) => name === untrained)!;

  it("doesn't vary and isn't trained, and both say why", async () => {
    const model = importOnnx(bytesOf(network, resolve));
    const samples = datasetsOf(samplesOf(network, 2));
    const { results, warnings } = await evaluate(model, samples, { reference: "clean", sigma: 0.1, chips: 2 });
    expect(results[0]!.relativeError.worst).toBe(0);
    for (const name of ["states", "pooled"]) {
      expect(warnings).toContainEqual(
        expect.stringMatching(
          new RegExp(`^output "${name}": the same on all chips .*no weight before it is on a crossbar`),
        ),
      );
    }
    await expect(finetune(model, samples, { strategy: "distillation", batch: 1 })).rejects.toThrow(
      /expected parameters of floats to train, got none; its largest tensor is the i8 \[32, 128\] of node .* \(MatMulInteger\)/,
    );
    model.dispose();
  });
});
