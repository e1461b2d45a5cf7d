import { defineChip, type GivenChip } from "@neft/crossbar";
import { init, memoryUse } from "@neft/kernels";
import { modelToRecord } from "@neft/model";
import { type FinetuneOptions, finetune, strategies, type Workers } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "./workers.js";

/** Finetuning through cells and converters. */

let options: Omit<FinetuneOptions, "model">;

beforeAll(async () => {
  await init();
  const data = toyImages(260);
  options = { data, normalisation: toyNormalisation(data), batch: 20, validation: { images: 60, chips: 2 } };
});

const hardware: GivenChip = {
  device: "rram1",
  sigma: 0.1,
  mapping: { weightBits: 6 },
  dac: { bits: 6, percentile: 99.9 },
  adc: { bits: 6, percentile: 99.9 },
  effects: [{ id: "programming" }, { id: "read-noise", sigma: 0.02 }],
};

describe("finetune with a chip", () => {
  it("learns through cells, converters and noise with every strategy", async () => {
    const failures: string[] = [];
    for (const [id, { hasHeads, target }] of strategies) {
      if (target === "clean") continue;
      const model = toyNet();
      const strategy = hasHeads ? { id, hidden: 16 } : { id };
      const run = { ...options, model, strategy, chip: defineChip(hardware), epochs: 3, learningRate: 0.01 };
      const { validations } = await finetune(run);
      const [first, ...later] = validations.map(({ accuracy }) => accuracy!);
      if (Math.max(...later) < first! + 10) failures.push(`${id}: ${first} → ${later}`);
      model.dispose();
    }
    expect(failures).toEqual([]);
  });

  it("gives the same bits for any number of workers, and frees all memory", async () => {
    const trained = async (workers: Workers | undefined) => {
      const model = toyNet({ batchNorm: true });
      const chip = defineChip(hardware);
      await finetune({ ...options, model, chip, strategy: "ovf", shards: 2, workers, seed: 4 });
      const weights = modelToRecord(model).parameters;
      model.dispose();
      return weights;
    };
    const alone = await trained(undefined);
    const { live } = memoryUse();
    expect(await trained(undefined)).toEqual(alone);
    expect(memoryUse().live).toBe(live);
    expect(await trained(cloningWorkers(2))).toEqual(alone);
  });

  it("raises the factor of a measured device's σ in OVF's forward passes", async () => {
    const model = toyNet();
    const chip = defineChip({ device: "pcm", mapping: { weightBits: null } });
    const { settings } = await finetune({ ...options, model, chip, strategy: "ovf", time: 60 });
    expect(settings.strategy.deltaSigma).toEqual([0.75, 0.5, 0.25]);
    expect([settings.sigma, settings.time]).toEqual([1, 60]);
    const own = { id: "ovf", deltaSigma: [0.3, 0.2, 0.1] };
    const given = await finetune({ ...options, model, chip, strategy: own });
    expect(given.settings.strategy.deltaSigma).toEqual([0.3, 0.2, 0.1]);
    model.dispose();
  });
});
