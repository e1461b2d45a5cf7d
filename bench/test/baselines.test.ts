import { existsSync, readFileSync } from "node:fs";
import { type Dataset, evaluate, importOnnx, init, readDataset, take } from "neft";
import { beforeAll, describe, expect, it } from "vitest";

interface NoTraining {
  model: string;
  device: string;
  sigma: number;
  chips: number;
  images: number;
  interval: [number, number];
  mutualInformation_nats: number;
}
const golden: { digital: Record<string, number>; noTraining: NoTraining[] } = JSON.parse(
  readFileSync(new URL("../golden/baselines.json", import.meta.url), "utf8"),
);
const fashion = "/usr/share/datasets/fashion-mnist";

const load = (name: string) =>
  importOnnx(new Uint8Array(readFileSync(new URL(`../../examples/models/${name}.onnx`, import.meta.url))));
const fashionTest = () => readDataset(`idx:${fashion}/t10k-images-idx3-ubyte.gz,${fashion}/t10k-labels-idx1-ubyte.gz`);

/** A row of the table again, on fewer chips. */
async function onFewChips({ model: name, device, sigma, images }: NoTraining, data: Dataset, chips: number) {
  const model = load(name);
  const { results } = await evaluate(model, take(data, images), { device, sigma, chips, seed: 3 });
  model.dispose();
  return results[0]!;
}

/** The prediction interval of a mean over fewer chips. */
function widened({ interval: [low, high], chips: all }: NoTraining, chips: number): [number, number] {
  const half = ((high - low) / 2) * Math.sqrt(all / chips);
  return [(low + high) / 2 - half, (low + high) / 2 + half];
}

beforeAll(() => init());

describe("the reference's figures (all of them: node bench/baselines.mjs)", () => {
  it("digital accuracies on MNIST within two images", async () => {
    const data = await readDataset("mnist:test");
    for (const name of ["mnist-mlp", "mnist-lenet5"]) {
      const model = load(name);
      const { digital } = await evaluate(model, data, { sigma: 0, chips: 1 });
      // Two of 10,000 images; half an image of room for the division.
      expect(Math.abs(digital.accuracy - golden.digital[name]!), name).toBeLessThan(0.025);
      model.dispose();
    }
  });

  it("mean accuracy and mutual information of an MLP on chips", async () => {
    const row = golden.noTraining.find(({ model, sigma }) => model === "mnist-mlp" && sigma === 0.2)!;
    const { accuracy, mutualInformation } = await onFewChips(row, await readDataset("mnist:test"), 16);
    expect(accuracy.mean).toBeGreaterThan(widened(row, 16)[0]);
    expect(accuracy.mean).toBeLessThan(widened(row, 16)[1]);
    // Over n chips the expected figure is (n − 1)/n of that over many, nearly; chips differ by some tenths.
    expect(mutualInformation / row.mutualInformation_nats).toBeGreaterThan(0.6);
    expect(mutualInformation / row.mutualInformation_nats).toBeLessThan(1.4);
  });

  // Where Debian's dataset-fashion-mnist isn't installed there is no Fashion-MNIST to read.
  it.skipIf(!existsSync(fashion))("a network with batch norms (skipped without dataset-fashion-mnist)", async () => {
    const row = golden.noTraining.find(({ model, sigma }) => model === "fashion-cnn-bn" && sigma === 0.05)!;
    const { accuracy } = await onFewChips(row, await fashionTest(), 6);
    expect(accuracy.mean).toBeGreaterThan(widened(row, 6)[0]);
    expect(accuracy.mean).toBeLessThan(widened(row, 6)[1]);
  });
});
