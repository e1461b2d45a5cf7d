import { createRequire } from "node:module";
import { type Dataset, evaluate, finetune, importOnnx, init, type Model, makeDataset } from "neft";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../../onnx/test/networks/files.mjs";
import { networks } from "../../onnx/test/networks/table.mjs";
import { feedsOf } from "../../onnx/test/networks/values.mjs";

/** Real networks against themselves: detectors and the like, of several outputs, some with a batch fixed at 1. */

const { resolve } = createRequire(import.meta.url);
await init();

type Network = (typeof networks)[number];

/** Samples of all inputs. Those without a leading batch axis are whole inputs. */
function samplesOf(network: Network, model: Model, count: number): Record<string, Dataset> {
  const feeds = Array.from({ length: count }, (_, i) =>
    feedsOf(network, { ...network.sizes[0]!, N: 1, ...(i > 0 && { seed: i + 1 }) }),
  );
  const datasets = model.inputs.map(({ name }) => {
    const rows = feeds.map((feed) => feed[name]!);
    const whole = rows[0]!.shape;
    const shape = network.inputs[name]!.shape[0] === "N" ? whole.slice(1) : whole;
    const values = Float32Array.from(rows.flatMap(({ data }) => Array.from<number | bigint, number>(data, Number)));
    return [name, makeDataset(name, { name, values, shape: shape.length === 0 ? [1] : shape })] as const;
  });
  return Object.fromEntries(datasets);
}

/** Networks that are left out, and why. */
const left: readonly (readonly [name: RegExp, reason: string])[] = [
  [/ 512$/, "the same network at 320 × 320 is less than half the work"],
  [/^Silero/, "its state has the batch on axis 1, which a dataset can't say"],
  [/hey_mycroft$/, "its score of a single sample is saturated, so that no variation shows"],
  [/dynamic ranges$/, "its weights are integers, which no crossbar holds yet"],
];

const tested = networks.filter(({ name }) => !left.some(([pattern]) => pattern.test(name)));

it.each(left)("leaves out %s because %s", (pattern) => {
  expect(networks.some(({ name }) => pattern.test(name))).toBe(true);
});

describe("real networks without labels", () => {
  it.each(tested)(
    "$name deviates on chips, and trains a step towards itself",
    async (network) => {
      const model = importOnnx(bytesOf(network, resolve));
      const samples = samplesOf(network, model, 2);
      const { results } = await evaluate(model, samples, { reference: "clean", sigma: [0, 0.1], chips: 2 });
      const [clean, varied] = results;
      for (const one of clean!.outputs) expect(one.relativeError.mean, one.name).toBe(0);
      expect(clean!.cosine.mean).toBe(1);
      expect(varied!.relativeError.mean).toBeGreaterThan(0);
      expect(varied!.cosine.mean).toBeLessThanOrEqual(1);
      const losses: number[] = [];
      const { ended } = await finetune(model, samples, {
        strategy: "distillation",
        sigma: 0.01,
        batch: 1,
        batchNorm: "frozen",
        learningRate: 1e-5,
        validation: { images: 1, chips: 1 },
        onProgress: (progress) => {
          if (progress.kind === "step") losses.push(progress.loss);
        },
      });
      expect(ended).toEqual({ reason: "finished" });
      expect(losses).toHaveLength(1);
      expect(losses[0]).toBeGreaterThan(0);
      expect(losses[0]).toBeLessThan(Number.POSITIVE_INFINITY);
      model.dispose();
    },
    120_000,
  );
});
