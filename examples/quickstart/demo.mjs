// npm run demo: imports a trained LeNet-5 from ONNX, evaluates it on chips whose devices vary, finetunes it in five ways, exports
// ONNX files and checks them with onnxruntime. Writes out/results.json, out/*.onnx, out/accuracy.svg and out/accuracy.png.
// Options: --quick (few samples and chips, to try it out), --out FOLDER (default: out).
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backendInfo, createWorkers, evaluate, exportOnnx, finetune, init, readDataset, readModel, take } from "neft";
import { alignedTable, left, right } from "../../packages/neft/dist/command/table.js";
import { chartSpec, drawChart } from "./chart.mjs";
import { difference, explain, inWords } from "./explain.mjs";
import { compareWithPeer } from "./peer.mjs";
import { budgets, runs, trainedSigma } from "./runs.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, out: { type: "string" } } });
const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = options.out ?? join(root, "out");
const budget = options.quick ? budgets.quick : budgets.full;
const sigmas = [0.1, 0.2, 0.3];
const seed = 1;

const began = performance.now();
const seconds = (from = began) => `${((performance.now() - from) / 1000).toFixed(1)} s`;
const say = (line) => console.log(`${seconds().padStart(7)}  ${line}`);

await init();
await mkdir(folder, { recursive: true });
const modelFile = join(root, "examples", "models", "mnist-lenet5.onnx");
const train = take(await readDataset("mnist:train"), budget.trainImages);
const test = take(await readDataset("mnist:test"), budget.testImages);
const cores = availableParallelism();
const workers = createWorkers(cores);
const chips = { device: "rram1", seed, workers };
console.log(
  `LeNet-5 on MNIST: evaluated on ${test.count.toLocaleString("en-US")} test images, ${budget.chips} chips for each σ, device rram1, seed ${seed};\n` +
    `finetuned for one epoch of ${train.count.toLocaleString("en-US")} training images less those held out for validation, at σ ${trainedSigma}; ${cores} cores, ${backendInfo().build} build\n`,
);

const rows = [];
for (const { id, name, settings } of runs) {
  const { model } = await readModel(modelFile);
  const start = performance.now();
  const training =
    settings && (await finetune(model, train, { ...chips, ...settings, sigma: trainedSigma, shards: 2 }));
  const trained = settings ? performance.now() - start : 0;
  const { digital, results } = await evaluate(model, test, { ...chips, sigma: sigmas, chips: budget.chips });
  const bytes = exportOnnx(model);
  await writeFile(join(folder, `${id}.onnx`), bytes);
  const peer = await compareWithPeer(bytes, model, test);
  model.dispose();
  rows.push({ id, name, training, trainingSeconds: trained / 1000, digital, results, peer });
  const at = results.map(({ sigma, accuracy }) => `σ ${sigma}: ${accuracy.mean.toFixed(2)} %`).join(", ");
  say(
    `${name}: ${settings ? `trained in ${(trained / 1000).toFixed(1)} s, ` : ""}digital ${digital.accuracy.toFixed(2)} %, ${at}`,
  );
}
await workers.close();

const accuracyAt = (row, sigma) => row.results.find((result) => result.sigma === sigma).accuracy;
const at = Object.fromEntries(rows.map((row) => [row.id, accuracyAt(row, trainedSigma)]));
const columns = [
  left("network"),
  right("digital %"),
  ...sigmas.map((sigma) => right(`σ ${sigma} %`)),
  right(`gain at σ ${trainedSigma}`),
  right(`over noise injection`),
  right("worst chip"),
  right("training s"),
];
const table = rows.map((row) => [
  row.name,
  row.digital.accuracy.toFixed(2),
  ...sigmas.map((sigma) => accuracyAt(row, sigma).mean.toFixed(2)),
  row.id === "imported" ? "" : inWords(difference(at[row.id], at.imported)),
  row.training && row.id !== "noise-injection" ? inWords(difference(at[row.id], at["noise-injection"])) : "",
  at[row.id].worst.toFixed(2),
  row.training ? row.trainingSeconds.toFixed(1) : "",
]);
console.log(
  `\nMean test accuracy over chips (± half of the 95 % interval over chips; worst chip at σ ${trainedSigma})\n`,
);
console.log(alignedTable(columns, table));
console.log(`\n${explain(at, trainedSigma).join("\n")}`);

const peerTable = rows.map(({ name, id, peer }) => [
  name,
  `${id}.onnx`,
  peer.ours.toFixed(2),
  peer.peer.toFixed(2),
  peer.largest.toExponential(1),
]);
const peerColumns = [
  left("network"),
  left("exported file"),
  right("neft %"),
  right("onnxruntime %"),
  right("largest |a−b|/max(1,|b|)"),
];
console.log(`\nThe exported files in onnxruntime, on the same images\n\n${alignedTable(peerColumns, peerTable)}`);

const chartRows = rows.flatMap(({ name, results }) =>
  results.map(({ sigma, accuracy: { mean, ci95, p5, worst } }) => ({
    network: name,
    sigma,
    mean,
    low: ci95?.[0] ?? mean,
    high: ci95?.[1] ?? mean,
    p5,
    worst,
  })),
);
const chart = await drawChart(
  chartSpec(chartRows, trainedSigma, `LeNet-5 on MNIST, device rram1, ${budget.chips} chips for each σ`),
);
await writeFile(join(folder, "accuracy.svg"), chart.svg);
await writeFile(join(folder, "accuracy.png"), chart.png);
const settings = { ...budget, seed, device: "rram1", sigmas, trainedSigma };
await writeFile(
  join(folder, "results.json"),
  `${JSON.stringify({ settings, build: backendInfo().build, node: process.versions.node, rows }, null, 2)}\n`,
);
console.log(
  `\nWritten to ${folder}: results.json, accuracy.svg, accuracy.png and the six networks (.onnx). It took ${seconds()}.`,
);

// A file is wrong when its outputs differ by more than rounding, or its accuracy by more than two images of 10,000.
const wrong = rows.filter(({ peer }) => peer.largest > 1e-4 || Math.abs(peer.ours - peer.peer) > 0.02);
for (const { id } of wrong)
  console.error(`${id}.onnx: expected onnxruntime to agree, got a difference (see the table)`);
process.exitCode = wrong.length === 0 ? 0 : 1;
