import { readFileSync } from "node:fs";
import { defineChip, evaluate, finetune, importOnnx, init, type Model, readDataset, take } from "neft";
import { beforeAll, expect, it } from "vitest";

/** Learned ranges of converters on a trained network. */

beforeAll(() => init());

const lenet5 = (): Model =>
  importOnnx(new Uint8Array(readFileSync(new URL("../../../examples/models/mnist-lenet5.onnx", import.meta.url))));

/** 8-bit converters whose inputs' ranges were calibrated too narrow: a tenth of the values clips. */
const chip = defineChip({ device: "ideal", dac: { bits: 8, percentile: 90 }, adc: { bits: 8 } });

it("learning ranges undoes a calibration that clips, on LeNet-5 with 8-bit converters", async () => {
  const [train, test] = await Promise.all(
    ["mnist:train", "mnist:test"].map(async (name) => take(await readDataset(name), 1000)),
  );
  /** Accuracy in percent after finetuning the last bias, and the ranges where they are asked for. */
  const trained = async (learnPeriphery: boolean): Promise<number> => {
    const model = lenet5();
    const { chip: learned = chip } = await finetune(model, train!, {
      ...{ chip, learnPeriphery, strategy: "noise-injection", seed: 1 },
      ...{ freeze: [...model.parameters.keys()].slice(0, -1), epochs: 3, batch: 50, learningRate: 0.05 },
      validation: { images: 200, chips: 1 },
    });
    const { results } = await evaluate(model, test!, { chip: learned, chips: 1, seed: 1 });
    model.dispose();
    return results[0]!.accuracy.mean;
  };
  const model = lenet5();
  const { digital, results } = await evaluate(model, test!, { chip, chips: 1, seed: 1 });
  model.dispose();
  const calibrated = results[0]!.accuracy.mean;
  const [fixed, learned] = [await trained(false), await trained(true)];
  // 99.2, 97.0, 98.0 and 98.9 %.
  expect(digital.accuracy - calibrated).toBeGreaterThan(1.5);
  expect(learned - calibrated).toBeGreaterThan(1.5);
  expect(learned - fixed).toBeGreaterThan(0.5);
}, 300_000);
