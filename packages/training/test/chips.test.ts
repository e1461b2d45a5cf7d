import { Chip, calibrate, defineChip, type GivenChip } from "@neft/crossbar";
import { evaluate } from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import { modelToRecord, run } from "@neft/model";
import { assign, backward, noGrad, parameter, reduceSum, scope, square, tensor } from "@neft/tensor";
import { type FinetuneOptions, finetune, strategies } from "@neft/training";
import type { Workers } from "@neft/work";
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
      const settings = { ...options, model, strategy, chip: defineChip(hardware), epochs: 3, learningRate: 0.01 };
      const { validations } = await finetune(settings);
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

  it("learns ranges and factors of the periphery, with every strategy, and an evaluation takes them", async () => {
    for (const [id, { target }] of strategies) {
      if (target === "clean") continue;
      const model = toyNet();
      // Ranges by far too large leave few steps for most inputs.
      const chip = defineChip({ device: "ideal", dac: { bits: 4, range: 40 }, adc: { bits: 8 } });
      const settings = {
        ...options,
        model,
        chip,
        learnPeriphery: true,
        epochs: 4,
        learningRate: 0.05,
        optimiser: "sgd",
      };
      const strategy = id === "irs" ? { id, hidden: 16 } : { id };
      const { chip: learned, best } = await finetune({ ...settings, strategy, shards: 2 });
      const { ranges, scales } = learned!.calibration!;
      expect(Object.keys(scales!)).toEqual(["conv1", "conv2", "fc1", "fc2"]);
      expect(scales!.conv1).toHaveLength(8);
      if (best!.step > 0) {
        expect(scales!.fc2!.some((one) => one !== 1)).toBe(true);
        expect(Object.values(ranges!).some(({ inputs }) => inputs.range !== 40)).toBe(true);
      }
      const { data, normalisation } = options;
      const { results } = await evaluate({ model, data, normalisation, chip: learned, chips: 1 });
      expect(results[0]!.accuracy.mean).toBeGreaterThan(0);
      model.dispose();
    }
  });

  it("gives the periphery the gradients that differences show", () => {
    const model = toyNet();
    const spec = defineChip({ device: "ideal", mapping: { weightBits: null }, dac: { bits: 5 } });
    const x = () =>
      tensor(
        Float32Array.from({ length: 3 * 64 }, (_, i) => Math.sin(1.3 * i)),
        [3, 1, 8, 8],
      );
    const ranges = scope(() => calibrate(model, spec, x()));
    const chip = new Chip(spec, { seed: 1, purpose: "test", index: 0 }, { ranges });
    const range = parameter([0.6], [1]);
    const scales = parameter([1, 1.1, 0.9, 1, 1.2, 1, 1, 1], [8]);
    const lossOf = () => {
      const learned = (layer: string) => (layer === "conv1" ? { range, scales } : undefined);
      const backend = chip.backend({ trains: true, learned });
      return reduceSum(square(run(model, x(), { backend, outputs: ["conv1"] }).outputs.get("conv1")!));
    };
    const [byRange, byScales] = scope(() => backward(lossOf(), [range, scales]).map((one) => one.floats()));
    // Factors act on exact sums.
    const base = scales.floats();
    const at = (step: number) => {
      assign(
        scales,
        base.map((one, i) => one + (i === 2 ? step : 0)),
      );
      return scope(() => noGrad(() => lossOf().item()));
    };
    const slope = (at(0.01) - at(-0.01)) / 0.02;
    assign(scales, base);
    expect(Math.abs(byScales![2]! - slope)).toBeLessThan(2e-3 * Math.abs(slope));
    // Rounded inputs jump at steps: beyond the range they are the range itself, which the mean slope over many steps shows.
    const lossAt = (value: number) => {
      assign(range, [value]);
      return scope(() => noGrad(() => lossOf().item()));
    };
    const mean = (lossAt(0.75) - lossAt(0.45)) / 0.3;
    assign(range, [0.6]);
    expect(Math.sign(byRange![0]!)).toBe(Math.sign(mean));
    expect(Math.abs(byRange![0]! - mean)).toBeLessThan(0.3 * Math.abs(mean));
    for (const one of [range, scales, chip, model]) one.dispose();
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
