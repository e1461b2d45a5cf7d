// Accuracy of the example networks on varying chips: as imported, with channels rescaled (`equalise`), finetuned for one epoch, and both.
//   node bench/equalise.mjs [options]
//     --only LIST      networks, devices and methods, by id: those of a kind are alternatives (mnist-mlp,rram1,imported,ovf)
//     --again          measures cells again that are recorded
//     --workers N      threads, which change no number (default: all cores)
//     --chips N, --images N   fewer chips for each σ, and fewer test and training images, to try it out: nothing is recorded
// All cells take many hours. Each is written to results/equalise.json as soon as it is measured, with its settings; a rerun measures
// those that are missing or have other settings. The table shows what is recorded.
// Fashion-MNIST comes from Debian's package dataset-fashion-mnist; without it, cells that need it are skipped.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { backendInfo, createWorkers, equalise, evaluate, finetune, importOnnx, init, readDataset, take } from "neft";
import { budgets } from "../examples/quickstart/runs.mjs";
import { inWords, keyOf, readCells, selection, storeCell, timeLeft } from "./harness/cells.mjs";
import { devices, methods, networks, sigmas, tableOfCells } from "./harness/equalise-table.mjs";

const file = new URL("results/equalise.json", import.meta.url);
const fashion = "/usr/share/datasets/fashion-mnist";
const seed = 1;

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    again: { type: "boolean" },
    workers: { type: "string" },
    chips: { type: "string" },
    images: { type: "string" },
  },
});
const count = (name, initial) => {
  const given = options[name] ?? String(initial);
  if (!/^[1-9]\d*$/.test(given)) throw new RangeError(`--${name}: expected a whole number from 1, got ${given}`);
  return Number(given);
};
const isTrial = options.chips !== undefined || options.images !== undefined;
const chips = count("chips", 100);
const images = count("images", Number.MAX_SAFE_INTEGER);
const ids = (rows) => rows.map(({ id }) => id);
const isAsked = selection(
  { network: ids(networks), device: devices, method: ids(methods) },
  options.only?.split(",") ?? [],
);

/** The last commit that changed the code; with a mark if files have changed since. Undefined outside a repository. */
function codeVersion() {
  const git = (...words) =>
    execFileSync("git", words, { cwd: new URL("..", import.meta.url), encoding: "utf8" }).trim();
  const code = ["packages", "crates"];
  try {
    return git("log", "-1", "--format=%h", "--", ...code) + (git("status", "--porcelain", "--", ...code) && " changed");
  } catch {
    return undefined;
  }
}

/** The first images of a network's dataset; `part` is "train" or "test". Undefined when the dataset isn't installed. */
async function datasetFor(network, part, most) {
  if (!network.startsWith("fashion")) return take(await readDataset(`mnist:${part}`), most);
  const path = (what) => `${fashion}/${part === "test" ? "t10k" : part}-${what}-ubyte.gz`;
  const [pixels, labels] = [path("images-idx3"), path("labels-idx1")];
  return existsSync(pixels) && existsSync(labels)
    ? take(await readDataset(`idx:${pixels},${labels}`), most)
    : undefined;
}

/** Settings of a cell. Cells with others are measured again. */
const settingsOf = ({ sigma }, { steps }) => ({
  seed,
  chips,
  sigmas,
  testImages: Math.min(budgets.full.testImages, images),
  ...(steps.some(({ finetune, samples }) => finetune || samples) && {
    sigma,
    trainImages: Math.min(budgets.full.trainImages, images),
  }),
  ...(steps.length > 0 && { steps }),
});

/** Rescales and finetunes a model as a method says. @returns what the calls say about it. */
async function perform(model, { steps }, { device, sigma, train, workers }) {
  const said = {};
  for (const { samples, finetune: strategy } of steps) {
    if (strategy) {
      const run = { ...strategy, device, sigma, seed, workers, epochs: 1, shards: 2 };
      const { best, ended } = await finetune(model, train, run);
      said.finetune = { kept: best?.step, ended: ended.reason };
    } else {
      const { method, factors, variance, change } = await equalise(model, {
        device,
        sigma,
        seed,
        ...(samples && { data: train }),
      });
      said.equalise = { method, factors, variance, change };
    }
  }
  return said;
}

async function measure({ network, device, method }, workers) {
  const [row, way] = [networks.find(({ id }) => id === network), methods.find(({ id }) => id === method)];
  const settings = settingsOf(row, way);
  const test = await datasetFor(network, "test", settings.testImages);
  const train = settings.trainImages && (await datasetFor(network, "train", settings.trainImages));
  const bytes = readFileSync(new URL(`../examples/models/${network}.onnx`, import.meta.url));
  const model = importOnnx(new Uint8Array(bytes));
  const start = performance.now();
  const used = process.cpuUsage();
  const said = await perform(model, way, { device, sigma: row.sigma, train, workers });
  const { user, system } = process.cpuUsage(used);
  const progress = { last: performance.now() };
  const { digital, results } = await evaluate(model, test, {
    device,
    sigma: sigmas,
    chips,
    seed,
    workers,
    onProgress({ done, total }) {
      if (performance.now() - progress.last < 60_000) return;
      progress.last = performance.now();
      console.log(`    ${done} of ${total} chips`);
    },
  });
  model.dispose();
  return {
    network,
    device,
    method,
    digital: digital.accuracy,
    results: results.map(({ sigma, accuracy: { mean, ci95, std, p5, worst } }) => ({
      sigma,
      mean,
      ...(ci95 && { ci95 }),
      std,
      p5,
      worst,
    })),
    processorSeconds: Number(((user + system) / 1e6).toFixed(2)),
    wallSeconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    ...said,
    settings,
    commit,
  };
}

const commit = codeVersion();
await init();
const recorded = isTrial ? new Map() : readCells(file);
const isRecorded = (cell) => {
  const found = recorded.get(keyOf(cell));
  const [row, way] = [networks.find(({ id }) => id === cell.network), methods.find(({ id }) => id === cell.method)];
  return JSON.stringify(found?.settings) === JSON.stringify(settingsOf(row, way));
};
const cells = networks.flatMap(({ id: network }) =>
  devices.flatMap((device) => methods.map(({ id: method }) => ({ network, device, method }))),
);
const asked = cells.filter((cell) => isAsked(cell) && (options.again || !isRecorded(cell)));
const missing = asked.some(({ network }) => network.startsWith("fashion")) && !(await datasetFor("fashion", "test", 1));
if (missing) console.log("fashion-*: skipped: Fashion-MNIST isn't installed (Debian: dataset-fashion-mnist)");
const todo = asked.filter(({ network }) => !(missing && network.startsWith("fashion")));
console.log(`${todo.length} cells to measure; ${backendInfo().build} build${isTrial ? "; nothing is recorded" : ""}`);

const workers = createWorkers(count("workers", availableParallelism()));
try {
  for (const [i, cell] of todo.entries()) {
    const measured = await measure(cell, workers);
    recorded.set(keyOf(cell), measured);
    if (!isTrial) storeCell(file, measured);
    const left = timeLeft(todo.slice(i + 1), [...recorded.values()]);
    const means = measured.results.map(({ sigma, mean }) => `σ ${sigma}: ${mean.toFixed(2)}`).join(", ");
    console.log(`${keyOf(cell)}: digital ${measured.digital.toFixed(2)}, ${means}; about ${inWords(left)} left`);
  }
} finally {
  await workers.close();
}
for (const line of tableOfCells(recorded)) console.log(line);
