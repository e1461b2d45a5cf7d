import { rram1 } from "@neft/crossbar";
import { init, memoryUse } from "@neft/kernels";
import { modelToRecord } from "@neft/model";
import {
  type FinetuneOptions,
  type FinetuneProgress,
  finetune,
  optimisers,
  schedules,
  strategies,
} from "@neft/training";
import type { Workers } from "@neft/work";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "./workers.js";

let options: Omit<FinetuneOptions, "model" | "strategy">;

beforeAll(async () => {
  await init();
  const data = toyImages(260);
  const validation = { images: 60, chips: 2 };
  options = { data, normalisation: toyNormalisation(data), device: rram1, sigma: 0.15, batch: 20, validation };
});

const weightsOf = (model: ReturnType<typeof toyNet>) => modelToRecord(model).parameters;

describe("finetune", () => {
  it("learns with every strategy, with batch and frozen statistics, reproducibly", async () => {
    const failures: string[] = [];
    for (const [id, { hasHeads, target }] of strategies) {
      // Towards the clean network, an untrained one has nothing to learn: see distillation.test.ts.
      if (target === "clean") continue;
      for (const batchNorm of ["batch", "frozen"] as const) {
        const runs = [];
        for (let run = 0; run < 2; run++) {
          const model = toyNet({ batchNorm: true, dropout: true });
          const names = [...model.parameters.keys()];
          const strategy = hasHeads ? { id, hidden: 16 } : { id };
          const result = await finetune({ ...options, model, strategy, batchNorm, epochs: 3, learningRate: 0.01 });
          if ([...model.parameters.keys()].join() !== names.join()) failures.push(`${id}: heads stayed`);
          if (result.taps.length > 0 !== hasHeads) failures.push(`${id}: taps ${result.taps}`);
          const [first, ...later] = result.validations.map(({ accuracy }) => accuracy!);
          if (Math.max(...later) < first! + 10) failures.push(`${id} ${batchNorm}: ${first} → ${later}`);
          runs.push({ weights: weightsOf(model), result });
          model.dispose();
        }
        expect(runs[1], `${id} ${batchNorm}`).toEqual(runs[0]);
      }
    }
    expect(failures).toEqual([]);
  });

  it("gives the same bits without shared memory", async () => {
    const trained = async (workers: Workers | undefined) => {
      const model = toyNet();
      await finetune({
        ...options,
        model,
        strategy: { id: "noise-injection" },
        epochs: 2,
        shards: 2,
        workers,
        seed: 4,
      });
      const weights = weightsOf(model);
      model.dispose();
      return weights;
    };
    const alone = await trained(undefined);
    expect(await trained(cloningWorkers(2))).toEqual(alone);
    vi.stubGlobal("SharedArrayBuffer", undefined);
    try {
      expect(await trained(cloningWorkers(2))).toEqual(alone);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it("gives the same bits after 100 steps with 1, 2 or 7 workers at equal shards", async () => {
    // A step of OVF has four forward passes, so fewer steps are enough.
    for (const [id, perSample, epochs] of [
      ["irs", false, 10],
      ["noise-injection", true, 10],
      ["ovf", false, 2],
    ] as const) {
      const runs = new Map<string, unknown>();
      for (const [name, workers] of [
        ["none", undefined],
        ["1", cloningWorkers(1)],
        ["2", cloningWorkers(2)],
        ["7", cloningWorkers(7, 9)],
      ] as const) {
        const model = toyNet({ batchNorm: true });
        const strategy = id === "irs" ? { id, hidden: 8 } : { id };
        const result = await finetune({
          ...options,
          model,
          strategy,
          perSample,
          epochs,
          shards: 3,
          workers,
          seed: 4,
        });
        expect(result.steps).toBe(10 * epochs);
        runs.set(name, { weights: weightsOf(model), result });
        model.dispose();
      }
      for (const [name, run] of runs) expect(run, `${id}, workers: ${name}`).toEqual(runs.get("none"));
    }
  }, 120_000);

  it("without batch norm, gives the same result for any number of shards up to rounding", async () => {
    const weights: Float32Array[] = [];
    for (const shards of [1, 4]) {
      for (const perSample of [false, true]) {
        const model = toyNet();
        const strategy = { id: "ovf" };
        await finetune({
          ...options,
          model,
          strategy,
          shards,
          perSample,
          schedule: { id: "constant" },
          optimiser: { id: "sgd" },
          learningRate: 0.01,
          validation: { images: 60, chips: 1, every: 3 },
          data: toyImages(120),
        });
        weights.push(model.parameters.get("conv1.weight")!.toArray() as Float32Array);
        model.dispose();
      }
    }
    const [whole, wholeSample, cut, cutSample] = weights;
    for (const i of whole!.keys()) {
      expect(cut![i]).toBeCloseTo(whole![i]!, 4);
      expect(cutSample![i]).toBeCloseTo(wholeSample![i]!, 4);
    }
    expect(wholeSample).not.toEqual(whole);
  });

  it("trains with every optimiser and schedule, and records all of their settings", async () => {
    for (const [optimiser, { defaults: ofOptimiser }] of optimisers) {
      for (const [schedule, { defaults: ofSchedule }] of schedules) {
        const model = toyNet();
        const run = { ...options, model, strategy: { id: "noise-injection" }, epochs: 2, learningRate: 0.01 };
        const { ended, validations, settings } = await finetune({
          ...run,
          optimiser: { id: optimiser },
          schedule: { id: schedule },
        });
        expect(ended.reason).toBe("finished");
        expect(settings.optimiser).toEqual({ id: optimiser, ...ofOptimiser });
        expect(settings.schedule).toEqual({ id: schedule, ...ofSchedule });
        expect(Math.max(...validations.map(({ accuracy }) => accuracy!)), `${optimiser} ${schedule}`).toBeGreaterThan(
          validations[0]!.accuracy!,
        );
        model.dispose();
      }
    }
  });

  it("keeps the best weights of all validations, including the initial ones", async () => {
    const model = toyNet();
    const before = weightsOf(model);
    const events: FinetuneProgress[] = [];
    // This learning rate changes weights, but no prediction.
    const run = { ...options, model, strategy: { id: "none" }, sigma: 0, learningRate: 1e-9, epochs: 2 };
    const { best, validations } = await finetune({ ...run, onProgress: (event) => events.push(event) });
    expect(best).toEqual({ step: 0, accuracy: validations[0]!.accuracy });
    expect(weightsOf(model)).toEqual(before);
    expect(validations.map(({ step }) => step)).toEqual([0, 10, 20]);
    const steps = events.filter(({ kind }) => kind === "step");
    expect(steps.map(({ step, epoch, steps: all }) => [step, epoch, all])).toEqual(
      Array.from({ length: 20 }, (_, i) => [i + 1, i < 10 ? 1 : 2, 20]),
    );
    expect(
      events.filter(({ kind }) => kind === "validation").map((event) => (event as { isBest: boolean }).isBest),
    ).toEqual([true, false, false]);
    model.dispose();
  });

  it("stops when the loss diverges, with the best weights so far", async () => {
    const model = toyNet();
    const before = weightsOf(model);
    const run = {
      ...options,
      model,
      strategy: { id: "noise-injection" },
      optimiser: { id: "sgd" },
      learningRate: 1e6,
      epochs: 5,
    };
    const { ended, steps, best } = await finetune(run);
    expect(ended.reason).toBe("diverged");
    expect(ended.message).toMatch(
      /^epoch \d+, step \d+: expected (a finite loss, got (NaN|Infinity)|the loss to stay below .*|finite weights .*); try a lower learning rate or sigma$/,
    );
    expect(steps).toBeLessThan(50);
    expect(best).toMatchObject({ step: 0 });
    expect(weightsOf(model)).toEqual(before);
    model.dispose();
  });

  it("ends an aborted run with the best weights, or the last ones before a validation", async () => {
    const abortAt = async (at: number, every: number) => {
      const model = toyNet();
      const controller = new AbortController();
      const snapshots: unknown[] = [];
      const onProgress = (event: FinetuneProgress): void => {
        if (event.kind === "step") snapshots[event.step] = weightsOf(model);
        if (event.kind === "step" && event.step === at) controller.abort();
      };
      const run = {
        ...options,
        model,
        strategy: { id: "noise-injection" },
        learningRate: 0.01,
        epochs: 4,
        signal: controller.signal,
      };
      const result = await finetune({ ...run, validation: { images: 60, chips: 2, every }, onProgress });
      const weights = weightsOf(model);
      model.dispose();
      return { result, weights, snapshots };
    };
    const early = await abortAt(5, 10);
    expect(early.result).toMatchObject({
      best: null,
      steps: 5,
      ended: { reason: "aborted", message: "aborted after step 5 of 40" },
    });
    expect(early.weights).toEqual(early.snapshots[5]);
    const late = await abortAt(13, 4);
    expect(late.result.steps).toBe(13);
    expect(late.result.validations.map(({ step }) => step)).toEqual([0, 4, 8, 12]);
    expect(late.result.best!.step).toBeGreaterThan(0);
    expect(late.weights).toEqual(late.snapshots[late.result.best!.step]);
  });

  it("frees all its memory, and needs no more memory for more steps", async () => {
    const model = toyNet({ batchNorm: true });
    const run = { ...options, model, strategy: { id: "irs", hidden: 16 }, shards: 2 };
    await finetune(run);
    const before = memoryUse();
    await finetune({ ...run, epochs: 5 });
    expect(memoryUse().live).toBe(before.live);
    expect(memoryUse().memory).toBe(before.memory);
    model.dispose();
  });

  it("trains on all samples if a validation set is given", async () => {
    const model = toyNet();
    const run = { ...options, model, strategy: { id: "none" }, validationData: toyImages(30, { seed: 8 }) };
    // All 260 samples train: 13 batches of 20.
    expect((await finetune(run)).steps).toBe(13);
    model.dispose();
  });

  it("drops the last partial batch by default", async () => {
    const model = toyNet();
    const run = { ...options, model, strategy: { id: "none" }, batch: 64 };
    expect((await finetune(run)).steps).toBe(3);
    expect((await finetune({ ...run, dropLast: false })).steps).toBe(4);
    model.dispose();
  });

  it.each<[Partial<FinetuneOptions>, string]>([
    [{ sigma: -0.1 }, "sigma: expected a number ≥ 0, got -0.1"],
    [{ epochs: 0 }, "epochs: expected a whole number ≥ 1 and ≤ 100000, got 0"],
    [{ batch: 1.5 }, "batch: expected a whole number ≥ 1 and ≤ 1000000, got 1.5"],
    [{ batch: 500 }, "batch: expected at most the number of training samples, 200, got 500"],
    [{ shards: 21 }, "shards: expected at most the number of samples per batch, 20, got 21"],
    [{ learningRate: 0 }, "learningRate: expected a number > 0, got 0"],
    [{ clip: 0 }, "clip: expected a number ≥ 1, got 0"],
    [{ batchNorm: "off" as "batch" }, 'batchNorm: expected one of frozen, batch, got "off"'],
    [{ strategy: { id: "noise" } }, `strategy: expected one of ${[...strategies.keys()].join(", ")}, got "noise"`],
    [
      { strategy: { id: "ovf", hidden: 3 } },
      "strategy ovf: expected no setting but strategy.beta, strategy.gamma, strategy.deltaSigma, got strategy.hidden",
    ],
    [
      { strategy: { id: "ovf", gamma: Object.assign(new Array(3), { 0: 1, 2: 1 }) } },
      "strategy.gamma: expected a number, got undefined",
    ],
    [{ strategy: { id: "ovf", gamma: [] } }, "strategy.gamma: expected at least one, got none"],
    [{ strategy: { id: "irs", sizes: [0] } }, "strategy.sizes: expected a whole number ≥ 1 and ≤ 4096, got 0"],
    [{ validation: { chips: 0 } }, "validation.chips: expected a whole number ≥ 1 and ≤ 100000, got 0"],
  ])("refuses %o", async (change, message) => {
    const model = toyNet();
    await expect(finetune({ ...options, model, strategy: { id: "none" }, ...change })).rejects.toThrow(message);
    model.dispose();
  });
});
