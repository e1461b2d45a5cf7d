// Time of programming chips on one thread: each step alone, and whole chips of two networks.
//   node bench/chip-program.mjs [options]
//     --rounds N       the least of N times counts (default: 7)
//     --profile        what programming VGG-8 is spent on, by V8's sampling profiler
// Writes results/chip-program.json. Times are processor time: other programs on the machine can only add to it. `hash` is of the numbers
// that a step computes: it changes when a seeded number does, and never with the machine.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Chip, defineChip, effects, magnitudesOf, mapWeights, recombine } from "@neft/crossbar";
import { computeProduct, run, vgg8 } from "@neft/model";
import { noGrad, normals, scope, stream, zeros } from "@neft/tensor";
import { importOnnx, init } from "neft";
import { chips, networks, steps } from "./harness/chip-program-table.mjs";
import { tableOf } from "./harness/columns.mjs";
import { processorTime } from "./harness/contest.mjs";
import { describeMachine } from "./harness/machine.mjs";
import { hottest, profiled } from "./harness/profile.mjs";

const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, profile: { type: "boolean" } },
});
if (!/^[1-9]\d*$/.test(options.rounds))
  throw new RangeError(`--rounds: expected a whole number from 1, got ${options.rounds}`);
const rounds = Number(options.rounds);
const seed = 1;
/** Weights of a step that is timed alone. */
const elements = 2 ** 18;

const hashOf = (arrays) => {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex").slice(0, 16);
};

/** Nanoseconds of processor time, the least of all rounds, and the last result. The first round isn't counted: V8 compiles. */
function timed(work) {
  let [least, result] = [Number.POSITIVE_INFINITY];
  for (let round = -1; round < rounds; round++) {
    const start = processorTime();
    result = work();
    if (round >= 0) least = Math.min(least, processorTime() - start);
  }
  return [1e6 * least, result];
}

await init();
const values = normals(stream(seed, { purpose: "weights" }), elements);
const matrix = { values, outputs: 256, inputs: elements / 256, layout: "oi" };

/** One step on the cells of a parameter. */
function measureStep({ id, title, chip, effect: chosen, time_s = 0 }) {
  const spec = defineChip(chip);
  const mapped = mapWeights(matrix, spec.mapping, spec.device.onOffRatio ? 1 / spec.device.onOffRatio : 0);
  const cells = mapped.target.length;
  const magnitudes = magnitudesOf(mapped);
  const measured = spec.device.gMax_uS !== undefined;
  const apply = () => {
    const held = mapped.target.slice();
    const effect = effects.get(chosen.id);
    const { id: _, ...given } = chosen;
    const settings = Object.fromEntries(
      Object.entries(effect.settings).map(([name, row]) => [name, given[name] ?? row.default]),
    );
    const context = {
      ...{ device: spec.device, time_s, magnitudes },
      ...{ sigma: measured ? 0 : spec.sigma, sigmaScale: measured ? spec.sigma : 1 },
      stream: (part = "") => stream(seed, { purpose: `step ${part}`.trim() }),
    };
    effect.apply({ target: mapped.target, values: held, programmed: mapped.target }, settings, context);
    return [held];
  };
  const works = {
    map: () => {
      const { weights, target } = mapWeights(matrix, spec.mapping);
      return [weights, target];
    },
    recombine: () => [recombine(mapped, normals(stream(seed, { purpose: "conductances" }), cells))],
    effect: apply,
  };
  const [ns, result] = timed(works[chosen === undefined ? id.split(" ")[0] : "effect"]);
  return { id, title, cells, nsPerCell: ns / cells, hash: hashOf(result) };
}

/** Networks with the products of their array layers. */
function loaded({ id, title, file }) {
  const model =
    file === undefined ? vgg8({ seed }) : importOnnx(new Uint8Array(readFileSync(new URL(file, import.meta.url))));
  const products = [];
  const [{ shape }] = model.inputs;
  const seen = {
    product: (product) => {
      products.push({ layer: product.layer, weight: product.weight, map: product.map });
      return computeProduct(product);
    },
  };
  scope(() => noGrad(() => run(model, zeros([1, ...shape.slice(1)]), { backend: seen })));
  return { id, title, products };
}

/** The effective weights of a whole chip. */
function program(spec, products, time_s) {
  const chip = new Chip(spec, { seed, purpose: "chip", index: 0 });
  try {
    return products.map((product) => chip.weightOf(product, time_s).effective.floats());
  } finally {
    chip.dispose();
  }
}

const measuredSteps = steps.map(measureStep);
console.log(
  tableOf(
    ["step", "ns a cell", "hash"],
    measuredSteps.map(({ title, nsPerCell, hash }) => [title, nsPerCell.toFixed(1), hash]),
  ),
);
const wholes = [];
let slowest;
for (const network of networks.map(loaded)) {
  for (const { id, title, chip, time_s } of chips) {
    const spec = defineChip(chip);
    const work = () => program(spec, network.products, time_s);
    const [ns, result] = timed(work);
    const weights = result.reduce((sum, { length }) => sum + length, 0);
    wholes.push({
      ...{ network: network.id, chip: id, title: `${network.title}, ${title}`, weights },
      ...{ ms: ns / 1e6, nsPerWeight: ns / weights, hash: hashOf(result) },
    });
    slowest = work;
  }
}
console.log(
  tableOf(
    ["chip", "weights", "ms", "ns a weight", "hash"],
    wholes.map(({ title, weights, ms, nsPerWeight, hash }) => [
      ...[title, String(weights), ms.toFixed(1), nsPerWeight.toFixed(0), hash],
    ]),
  ),
);
if (options.profile) {
  const found = await profiled(() => slowest());
  console.log(
    tableOf(
      ["function", "%"],
      hottest(found).map(({ name, percent }) => [name, percent.toFixed(1)]),
    ),
  );
}
const result = { machine: describeMachine(), rounds, steps: measuredSteps, chips: wholes };
writeFileSync(new URL("results/chip-program.json", import.meta.url), `${JSON.stringify(result, null, 1)}\n`);
