// Time of a full read of LeNet-5 over MNIST's 10,000 test images on a chip, against the digital pass: one thread, the same batches, the
// same loop. The first chip is the one with a goal; the others show what each part of a read takes.
//   node bench/chip-read.mjs [options]
//     --only LIST      ids of chips (default: all)
//     --rounds N       every round runs the digital pass and each chip once (default: 5)
//     --images N       fewer images, to try it out
//     --profile        what the first chip's time is spent on, by V8's sampling profiler
// Writes results/chip-read.json of a run with all chips and images. Times are processor time, the least of all rounds: other programs on the
// machine can only add to it.
import { readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { parseArgs } from "node:util";
import { Chip, calibrate, defineChip } from "@neft/crossbar";
import { batchTensor } from "@neft/data";
import { run } from "@neft/model";
import { noGrad, scope, withScoreCounter } from "@neft/tensor";
import { importOnnx, init, readDataset, take } from "neft";
import { normalisationOf } from "neft/tensor";
import { chipRows, goal } from "./harness/chip-read-table.mjs";
import { tableOf } from "./harness/columns.mjs";
import { processorTime } from "./harness/contest.mjs";
import { describeMachine } from "./harness/machine.mjs";
import { sharesOf } from "./harness/profile.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
    images: { type: "string", default: "10000" },
    profile: { type: "boolean" },
  },
});
const whole = (name) => {
  if (!/^[1-9]\d*$/.test(options[name]))
    throw new RangeError(`--${name}: expected a whole number from 1, got ${options[name]}`);
  return Number(options[name]);
};
const [rounds, images] = [whole("rounds"), whole("images")];
const asked = options.only?.split(",") ?? chipRows.map(({ id }) => id);
const unknown = asked.find((id) => !chipRows.some((row) => row.id === id));
if (unknown !== undefined) {
  throw new RangeError(`--only: expected some of ${chipRows.map(({ id }) => id).join(", ")}, got ${unknown}`);
}
/** As in evaluations. */
const batch = 200;

await init();
const model = importOnnx(
  new Uint8Array(readFileSync(new URL("../examples/models/mnist-lenet5.onnx", import.meta.url))),
);
const data = take(await readDataset("mnist:test"), images);
const [{ shape, dtype }] = model.inputs;
const [{ name: logits }] = model.outputs;
const batches = Array.from({ length: Math.ceil(data.count / batch) }, (_, i) => {
  const length = Math.min(batch, data.count - i * batch);
  const indices = Uint32Array.from({ length }, (_, at) => i * batch + at);
  return batchTensor(data, indices, normalisationOf(data, {}), shape, dtype);
});

/** Reads all images. @returns the accuracy in percent. */
function pass(backendOf) {
  let right = 0;
  withScoreCounter(data.labels, { classes: 0 }, (counter) => {
    for (const [i, x] of batches.entries()) {
      scope(() => {
        const backend = backendOf(i * batch);
        const scores = noGrad(() => run(model, x, { backend, outputs: [logits] }).outputs.get(logits));
        right += counter.count(scores, i * batch, x.shape[0]).correct;
      });
    }
  });
  return (100 * right) / data.count;
}

/** Milliseconds of processor time, and the result. */
function timed(work) {
  const start = processorTime();
  const result = work();
  return [processorTime() - start, result];
}

const digitally = () => pass(() => undefined);
const contestants = chipRows
  .filter(({ id }) => asked.includes(id))
  .map(({ id, title, chip }) => {
    const spec = defineChip(chip);
    const ranges = calibrate(model, spec, batches[0]);
    const program = () => new Chip(spec, { seed: 1, purpose: "chip", index: 0 }, { ranges });
    // The first pass of a chip programs it.
    const [first] = timed(() => scope(() => readFirst(program())));
    const one = program();
    return { id, title, first, read: () => pass((firstSample) => one.backend({ firstSample, readsTiles: true })) };
  });

/** One image: all but programming is a small part. */
function readFirst(chip) {
  const x = batchTensor(data, Uint32Array.of(0), normalisationOf(data, {}), shape, dtype);
  noGrad(() => run(model, x, { backend: chip.backend({ readsTiles: true }) }));
  chip.dispose();
}

const expected = digitally();
for (const { read } of contestants) read();
const best = new Map([["digital", Number.POSITIVE_INFINITY]]);
const accuracies = new Map([["digital", expected]]);
for (let round = 0; round < rounds; round++) {
  for (const { id, read } of [{ id: "digital", read: digitally }, ...contestants]) {
    const [ms, accuracy] = timed(read);
    best.set(id, Math.min(ms, best.get(id) ?? Number.POSITIVE_INFINITY));
    const before = accuracies.get(id) ?? accuracy;
    if (accuracy !== before)
      throw new Error(`chip-read: expected the same accuracy in each pass, got ${before} and ${accuracy}`);
    accuracies.set(id, accuracy);
  }
}
const digital = best.get("digital");
const cells = contestants.map(({ id, title, first }) => {
  const ratio = best.get(id) / digital;
  const met = id === goal.id ? { goal: goal.ratio, met: ratio <= goal.ratio } : {};
  return { id, title, ms: best.get(id), ratio, accuracy: accuracies.get(id), programmingMs: first, ...met };
});
const rows = cells.map(({ title, ms, ratio, accuracy, programmingMs, goal: most, met }) => [
  title,
  ms.toFixed(0),
  ratio.toFixed(2),
  most === undefined ? "" : `≤ ${most} ${met ? "met" : "MISSED"}`,
  accuracy.toFixed(2),
  programmingMs.toFixed(0),
]);
const head = ["LeNet-5, ms of one thread", "read", "× digital", "goal", "accuracy", "programming"];
console.log(tableOf(head, [["digital pass", digital.toFixed(0), "1.00", "", expected.toFixed(2), ""], ...rows]));

/** What a chip's read is spent on, in percent. */
async function profile({ read }) {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.start");
  for (let round = 0; round < rounds; round++) read();
  const { profile: found } = await session.post("Profiler.stop");
  session.disconnect();
  return sharesOf(found);
}
const isWhole = options.only === undefined && images === 10_000;
if (options.profile || isWhole) {
  const shares = await profile(contestants[0]);
  console.log(
    tableOf(
      [`${contestants[0].id}: share of the time`, "%"],
      shares.map(({ part, percent }) => [part, percent.toFixed(1)]),
    ),
  );
  if (isWhole) {
    const result = {
      machine: describeMachine(),
      images,
      batch,
      rounds,
      digitalMs: digital,
      chips: cells,
      profile: shares,
    };
    writeFileSync(new URL("results/chip-read.json", import.meta.url), `${JSON.stringify(result, null, 1)}\n`);
  }
}
