// Accuracy of the example networks on varying chips, before and after finetuning, compared with a reference implementation in
// PyTorch (golden/baselines.json, with a prediction interval for each mean).
//   node bench/baselines.mjs [digital] [noTraining] [finetuned]     default: all parts
// Writes results/baselines.json and prints a table; exits with 1 when a figure is outside its interval.
// Fashion-MNIST comes from Debian's package dataset-fashion-mnist; without it, rows that need it are skipped.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { backendInfo, createWorkers, evaluate, finetune, importOnnx, init, readDataset, take } from "neft";

const golden = JSON.parse(readFileSync(new URL("golden/baselines.json", import.meta.url), "utf8"));
const fashion = "/usr/share/datasets/fashion-mnist";

/** A network's dataset; `part` is "train" or "test". Undefined when the dataset isn't installed. */
async function datasetFor(model, part) {
  if (!model.startsWith("fashion")) return readDataset(`mnist:${part}`);
  const file = (what) => `${fashion}/${part === "test" ? "t10k" : part}-${what}-ubyte.gz`;
  const [images, labels] = [file("images-idx3"), file("labels-idx1")];
  return existsSync(images) && existsSync(labels) ? readDataset(`idx:${images},${labels}`) : undefined;
}

const load = (name) =>
  importOnnx(new Uint8Array(readFileSync(new URL(`../examples/models/${name}.onnx`, import.meta.url))));
const skipReason = "Fashion-MNIST isn't installed (Debian: dataset-fashion-mnist)";

await init();
const workers = createWorkers(availableParallelism());
const file = new URL("results/baselines.json", import.meta.url);
const rows = [];

function report(row) {
  rows.push(row);
  const { what, ours, interval, reference, inside, skipped } = row;
  const verdict = skipped
    ? `skipped: ${skipped}`
    : `${ours.toFixed(2)}  reference ${reference.toFixed(2)}  interval ${interval.map((x) => x.toFixed(2)).join("–")}  ${inside ? "inside" : "OUTSIDE"}`;
  console.log(`${what.padEnd(58)} ${verdict}`);
}

function measured(what, ours, reference, interval, more = {}) {
  const inside = ours >= interval[0] && ours <= interval[1];
  report({ what, ours, reference, interval, inside, ...more });
}

/** Accuracy of the digital networks; tolerance: two images of 10,000. */
async function digital() {
  for (const [name, reference] of Object.entries(golden.digital)) {
    const data = await datasetFor(name, "test");
    const what = `digital ${name}`;
    if (!data) {
      report({ what, skipped: skipReason });
      continue;
    }
    const model = load(name);
    const result = await evaluate(model, data, { sigma: 0, chips: 1, workers });
    measured(what, result.digital.accuracy, reference, [reference - 0.0201, reference + 0.0201]);
    model.dispose();
  }
}

/** Accuracy on varying chips before finetuning. */
async function noTraining() {
  for (const { model: name, device, sigma, chips, images, mean, interval } of golden.noTraining) {
    const data = await datasetFor(name, "test");
    const what = `no training ${name} ${device} σ ${sigma}`;
    if (!data) {
      report({ what, skipped: skipReason });
      continue;
    }
    const model = load(name);
    const { results } = await evaluate(model, take(data, images), { device, sigma, chips, workers, seed: 1 });
    const { accuracy, confidence, mutualInformation } = results[0];
    measured(what, accuracy.mean, mean, interval, { std: accuracy.std, confidence, mutualInformation });
    model.dispose();
  }
}

/** Settings of each finetuned row, equal to `finetuneSettings` in the golden file. */
const strategies = {
  "noise-injection": { strategy: "noise-injection" },
  temperature: { strategy: { id: "temperature", divisorN: 3 } },
  ovf: { strategy: { id: "ovf", beta: 0.1, gamma: [1, 0.1, 0.01], deltaSigma: [0.15, 0.1, 0.05] } },
  irs: { strategy: { id: "irs", beta: 0.1, gamma: [1, 0.1], sizes: [6, 4], hidden: 128 } },
  "noise-injection+clip2": { strategy: "noise-injection", clip: 2 },
};

/** Accuracy on varying chips after one epoch of finetuning. */
async function finetuned() {
  for (const { model: name, strategy, device, sigma, mean, interval, chipStd } of golden.finetuned) {
    const all = await datasetFor(name, "train");
    const data = take(all, 55_000);
    // Samples that the reference didn't train on; they only decide between the weights before and after the epoch.
    const validationData = last(all, 5_000);
    const model = load(name);
    const training = {
      epochs: 1,
      batch: 128,
      learningRate: 1e-3,
      optimiser: { id: "adam" },
      schedule: { id: "cosine" },
    };
    const run = {
      ...training,
      ...strategies[strategy],
      device,
      sigma,
      validationData,
      seed: 1,
      workers,
      validation: { chips: 2 },
    };
    const { taps, validations } = await finetune(model, data, run);
    const { digital: clean, results } = await evaluate(model, await datasetFor(name, "test"), {
      device,
      sigma,
      chips: 30,
      workers,
      seed: 2,
    });
    const { accuracy, confidence, mutualInformation } = results[0];
    const more = {
      std: accuracy.std,
      referenceStd: chipStd,
      digital: clean.accuracy,
      confidence,
      mutualInformation,
      taps,
      validations,
    };
    measured(`finetuned ${name} ${strategy} ${device} σ ${sigma}`, accuracy.mean, mean, interval, more);
    model.dispose();
  }
}

/** The last `count` samples. */
function last(data, count) {
  const from = data.count - count;
  const size = data.values.length / data.count;
  return { ...data, values: data.values.slice(from * size), labels: data.labels.slice(from), count };
}

const parts = { digital, noTraining, finetuned };
const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  console.error(`baselines: expected ${Object.keys(parts).join(", ")}, got ${unknown}`);
  process.exit(2);
}
// Parts that don't run keep their rows.
const before = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).rows : {};
const results = {};
try {
  for (const [name, part] of Object.entries(parts)) {
    rows.length = 0;
    const isAsked = names.length === 0 || names.includes(name);
    if (isAsked) await part();
    results[name] = isAsked ? [...rows] : (before[name] ?? []);
  }
} finally {
  await workers.close();
}
mkdirSync(new URL("results/", import.meta.url), { recursive: true });
writeFileSync(
  file,
  `${JSON.stringify({ node: process.version, build: backendInfo().build, rows: results }, null, 1)}\n`,
);
const all = Object.values(results).flat();
const outside = all.filter(({ inside }) => inside === false).length;
const skipped = all.filter((row) => row.skipped).length;
console.log(`${all.length - outside - skipped} inside, ${outside} outside, ${skipped} skipped`);
process.exitCode = outside === 0 ? 0 : 1;
