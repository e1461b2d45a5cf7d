import { defineChip, rram1 } from "@neft/crossbar";
import { init, memoryUse } from "@neft/kernels";
import { modelToRecord } from "@neft/model";
import { type FinetuneOptions, finetune, modifiers, optimisers, type RunState, strategies } from "@neft/training";
import type { Workers } from "@neft/work";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "./workers.js";

type Given = Partial<FinetuneOptions>;

let options: Omit<FinetuneOptions, "model">;

beforeAll(async () => {
  await init();
  const data = toyImages(80);
  options = {
    data,
    normalisation: toyNormalisation(data),
    device: rram1,
    sigma: 0.15,
    batch: 10,
    epochs: 2,
    learningRate: 0.01,
    // 12 steps, with validations after 0, 5, 10 and 12.
    validation: { images: 20, chips: 2, every: 5 },
  };
});

/** One run of the small network; `given` changes its options. */
async function runOf(given: Given) {
  const model = toyNet({ batchNorm: true, dropout: true });
  try {
    const result = await finetune({ ...options, ...given, model });
    return { result, weights: modelToRecord(model).parameters };
  } finally {
    model.dispose();
  }
}

/** A run that isn't interrupted, and the states after its steps as they come from a message. */
async function whole(given: Given) {
  const states: RunState[] = [];
  const onCheckpoint = (state: RunState): void => {
    states.push(structuredClone(state));
  };
  return { run: await runOf({ ...given, onCheckpoint, checkpointEvery: 1 }), states };
}

const smallHeads = (id: string) => (strategies.get(id)!.hasHeads ? { id, hidden: 8 } : { id });

/** Ids of the table's rows, without what other tests define. */
const ids = (): string[] => [...strategies].flatMap(([id, { cost }]) => (cost() === undefined ? [] : [id]));

/** A setting that turns each modifier on. */
const turnedOn: Readonly<Record<string, Given>> = {
  clip: { clip: 2 },
  clipGradients: { clipGradients: 0.1 },
  distill: { distill: 0.5, distillTemperature: 2 },
  perSample: { perSample: true },
  ema: { ema: 0.8 },
  recalibrate: { recalibrate: 3 },
};

const cases = (): Record<string, Given> => ({
  ...Object.fromEntries(ids().map((id) => [`strategy ${id}`, { strategy: smallHeads(id) }])),
  ...Object.fromEntries(Object.entries(turnedOn).map(([id, given]) => [`modifier ${id}`, given])),
  ...Object.fromEntries(
    [...optimisers.keys()].map((id) => [`optimiser ${id}`, { optimiser: { id }, strategy: "noise-injection" }]),
  ),
  "all modifiers, heads, shards": Object.assign({ strategy: smallHeads("irs"), shards: 2 }, ...Object.values(turnedOn)),
  equalise: { equalise: true, strategy: "noise-injection" },
  "equalise, distillation": { equalise: true, strategy: "distillation" },
  "frozen statistics and weights": { batchNorm: "frozen", freeze: ["conv1*"] },
  "learned periphery": {
    device: undefined,
    sigma: undefined,
    chip: defineChip({ device: "ideal", dac: { bits: 4, range: 40 }, adc: { bits: 8 } }),
    learnPeriphery: true,
    strategy: "noise-injection",
  },
});

describe("a run", () => {
  it("has a case for every modifier", () => {
    expect(Object.keys(turnedOn).sort()).toEqual([...modifiers.keys()].sort());
  });

  it.each(Object.keys(cases()))(
    "continues from any step with the same bits: %s",
    async (name) => {
      const given = cases()[name]!;
      const { run, states } = await whole(given);
      expect(states.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      for (const at of [1, 5, 7, 12]) {
        const continued = await runOf({ ...given, resume: states[at - 1] });
        expect(continued, `from step ${at}`).toEqual(run);
      }
    },
    60_000,
  );

  it.each(["strategy irs", "equalise, distillation", "learned periphery", "all modifiers, heads, shards"])(
    "continues on workers and from workers: %s",
    async (name) => {
      const given = { shards: 2, ...cases()[name]! };
      const pool = (): Workers => cloningWorkers(3);
      const { run, states } = await whole(given);
      const onWorkers = await whole({ ...given, workers: pool() });
      expect(onWorkers.run).toEqual(run);
      expect(onWorkers.states).toEqual(states);
      for (const at of [3, 6]) {
        expect(await runOf({ ...given, workers: pool(), resume: states[at - 1] })).toEqual(run);
        expect(await runOf({ ...given, resume: onWorkers.states[at - 1] })).toEqual(run);
      }
    },
    60_000,
  );

  it("gives a state when it is aborted at any moment, which continues it", async () => {
    const given: Given = { strategy: smallHeads("irs"), shards: 2 };
    const { run } = await whole(given);
    for (const [kind, at] of [
      ["step", 1],
      ["step", 5],
      ["step", 8],
      ["validation", 0],
      ["validation", 5],
    ] as const) {
      const controller = new AbortController();
      const { result } = await runOf({
        ...given,
        signal: controller.signal,
        onProgress: (event) => {
          if (event.kind === kind && event.step === at) controller.abort();
        },
      });
      expect(result.ended.reason, `${kind} ${at}`).toBe("aborted");
      expect(result.state!.step).toBe(at);
      expect(await runOf({ ...given, resume: result.state }), `${kind} ${at}`).toEqual(run);
    }
    const aborted = AbortSignal.abort();
    const state = (await whole(given)).states[3]!;
    const { result } = await runOf({ ...given, resume: state, signal: aborted });
    expect((await runOf({ ...given, resume: result.state })).weights).toEqual(run.weights);
  }, 60_000);

  it("is resumed several times, and frees its memory", async () => {
    const given: Given = { strategy: "noise-injection" };
    const { run, states } = await whole(given);
    const { live } = memoryUse();
    let state = states[1]!;
    for (let i = 0; i < 3; i++) {
      const controller = new AbortController();
      const onCheckpoint = (): void => {
        controller.abort();
      };
      const { result } = await runOf({
        ...given,
        resume: state,
        signal: controller.signal,
        onCheckpoint,
        checkpointEvery: 2,
      });
      expect(result.state!.step).toBe(state.step + 2);
      state = result.state!;
    }
    expect(await runOf({ ...given, resume: state })).toEqual(run);
    expect(memoryUse().live).toBe(live);
  });

  it("refuses states of other runs, and leaves the model as it is", async () => {
    const { states } = await whole({ strategy: "noise-injection" });
    const state = states[3]!;
    const advice = "; a state continues the run that made it, with the same model, data and settings";
    for (const [given, change, message] of [
      [{ sigma: 0.2 }, {}, `settings.sigma: expected 0.2, got 0.15${advice}`],
      [{ strategy: "ovf" }, {}, 'settings.strategy.id: expected "ovf", got "noise-injection"'],
      [{ seed: 2 }, {}, "settings.seed: expected 2, got 1"],
      [{ clip: 2 }, {}, "settings.clip: expected 2, got undefined"],
      [{ data: toyImages(90) }, {}, "samples.training: expected 70, got 60"],
      [{}, { step: 13 }, "step: expected a whole number from 0 to 12, got 13"],
      [{}, { step: Number.NaN }, "step: expected a whole number from 0 to 12, got NaN"],
      [{}, { initial: state.initial.slice(1) }, `initial: expected ${state.initial.length} arrays, got`],
      [{}, { weights: state.weights.map(() => new Float32Array(2)) }, "weights[0]: expected 72 values, got 2"],
      [{}, { optimiser: { numbers: [], moments: [] } }, "optimiser.moments: expected"],
    ] as const) {
      const model = toyNet({ batchNorm: true, dropout: true });
      const before = modelToRecord(model).parameters;
      const run = finetune({
        ...options,
        strategy: "noise-injection",
        ...(given as Given),
        resume: { ...state, ...change },
        model,
      });
      await expect(run).rejects.toThrow(`resume: ${message}`);
      expect(modelToRecord(model).parameters).toEqual(before);
      model.dispose();
    }
  });
});
