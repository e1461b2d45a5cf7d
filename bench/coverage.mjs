// How often intervals over chips cover the true value: chips are drawn with replacement from 2,000 real ones, whose statistics are the truth.
//   node bench/coverage.mjs [--workers N]
// Writes results/coverage.json: the chips, and the coverage of each interval. The same numbers on every machine and with any number of workers.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { percentInterval } from "@neft/evaluation";
import { evaluate, importOnnx, init, readDataset, take } from "neft";
import { percentileEstimate, shareReaching } from "neft/results";

const { values: options } = parseArgs({ options: { workers: { type: "string" } } });
const workers = Number(options.workers ?? availableParallelism());

const settings = {
  model: "mnist-lenet5",
  data: "mnist:test",
  images: 2000,
  device: "rram1",
  sigma: 0.2,
  chips: 2000,
  seed: 19,
};
/** Chips of a draw, and draws. */
const [drawn, runs] = [100, 10_000];

await init();
const { model: name, data: spec, images, ...evaluation } = settings;
const model = importOnnx(readFileSync(new URL(`../examples/models/${name}.onnx`, import.meta.url)));
const data = take(await readDataset(spec), images);
const { results } = await evaluate(model, data, { ...evaluation, workers });
const { accuracy: chips } = results[0].perChip;

const sorted = [...chips].sort((a, b) => a - b);
/** The least accuracy that at least this percentage of the chips doesn't exceed. */
const quantile = (percent) => sorted[Math.ceil((percent / 100) * sorted.length) - 1];
const quantiles95 = 1.959963984540054;
const quantiles99 = 2.5758293035489004;

/** Intervals by name: the true value, and the interval of a draw. */
const intervals = [
  ...[
    ["95 % of the mean", quantiles95],
    ["99 % of the mean", quantiles99],
  ].map(([what, z]) => ({ what, truth: results[0].accuracy.mean, of: (draw) => percentInterval(draw, z) })),
  ...[5, 10, 50].map((percent) => ({
    what: `95 % of percentile ${percent}`,
    truth: quantile(percent),
    of: (draw) => percentileEstimate(draw, percent).ci95,
  })),
  ...[75, 85, 90].map((accuracy) => ({
    what: `95 % of the yield at ${accuracy} %`,
    truth: shareReaching(chips, accuracy).share,
    of: (draw) => shareReaching(draw, accuracy).ci95,
  })),
];

// xorshift32, so that a draw is the same everywhere.
let state = settings.seed;
const next = () => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};
const covered = intervals.map(() => 0);
for (let run = 0; run < runs; run++) {
  const draw = Array.from({ length: drawn }, () => chips[Math.floor(next() * chips.length)]);
  for (const [i, { truth, of }] of intervals.entries()) {
    const [low, high] = of(draw);
    if (low <= truth && truth <= high) covered[i]++;
  }
}
const coverage = intervals.map(({ what, truth }, i) => ({ what, truth, covered: covered[i] / runs }));
for (const { what, truth, covered } of coverage)
  console.log(`${what.padEnd(26)} ${truth.toFixed(4).padStart(9)} ${(100 * covered).toFixed(2).padStart(7)} %`);
const file = {
  command: "node bench/coverage.mjs",
  settings,
  drawn,
  runs,
  coverage,
  correct: chips.map((one) => Math.round((one * images) / 100)),
};
writeFileSync(
  new URL("results/coverage.json", import.meta.url),
  `${JSON.stringify(file, (key, value) => (key === "correct" ? value.join(" ") : value), 2)}\n`,
);
