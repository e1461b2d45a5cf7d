// The example MLP on chips of phase-change memory, by neft and by aihwkit: accuracies from one second to a day after programming, and
// chips a second of one thread. Skipped where aihwkit isn't importable: it is never a dependency.
//   node bench/aihwkit.mjs [options]
//     --chips N        chips of each (default: 25)
//     --images N       test images (default: 10000)
// The environment variable NEFT_PYTHON names an interpreter with aihwkit. Writes results/aihwkit.json unless an option is given.
//
// Both have the same weights, ranges and converters: no conversion adapts to a sample's values (aihwkit's noise and bound management are
// off), tiles are as large as the layers, pairs are subtracted before the converter, read noise is drawn once for a chip at an age.
// aihwkit's converters have 127 steps for each sign; neft's of inputs without negative values have 255.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { calibrate, defineChip } from "@neft/crossbar";
import { batchTensor } from "@neft/data";
import { createEvaluationState, disposeEvaluationState, evaluateChips } from "@neft/evaluation";
import { scope } from "@neft/tensor";
import { importOnnx, init, readDataset, take } from "neft";
import { normalisationOf } from "neft/tensor";
import { tableOf } from "./harness/columns.mjs";
import { processorTime } from "./harness/contest.mjs";
import { startPython } from "./peers/python.mjs";

const { values: options } = parseArgs({ options: { chips: { type: "string" }, images: { type: "string" } } });
const whole = (name, initial) => {
  const given = options[name] ?? String(initial);
  if (!/^[1-9]\d*$/.test(given)) throw new RangeError(`--${name}: expected a whole number from 1, got ${given}`);
  return Number(given);
};
const [chips, images] = [whole("chips", 25), whole("images", 10_000)];
const isTrial = Object.keys(options).length > 0;
const seed = 1;
const times = { "1 s": 1, "1 min": 60, "1 h": 3600, "1 d": 86_400 };
const goals = { speed: 10 };
/** Samples of a call of aihwkit: as fast as any. */
const batch = 1000;
const calibrationSamples = 500;

const chipOf = (compensation) =>
  defineChip({
    device: "pcm",
    mapping: { weightBits: null },
    tile: { rows: 1024, columns: 1024 },
    dac: { bits: 8 },
    adc: { bits: 8 },
    effects: [{ id: "programming" }, { id: "drift" }, { id: "flicker", redraw: "chip" }],
    compensation: { drift: compensation },
  });

/** Mean and half of its 95 % interval. */
function statistics(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, half: 1.96 * Math.sqrt(variance / values.length) };
}

/** Accuracies in percent by time, and seconds of processor time. */
function ours(state, compensation, ranges) {
  const chip = chipOf(compensation);
  const job = { chip, ranges, seed, purpose: "chip", calibrationSamples, from: 0, probabilities: false };
  // V8 compiles.
  evaluateChips(state, { ...job, to: 2, time_s: 1 });
  const start = processorTime();
  const accuracies = Object.fromEntries(
    Object.values(times).map((time_s) => {
      const { correct } = evaluateChips(state, { ...job, to: chips, time_s });
      return [time_s, Array.from(correct, (count) => (100 * count) / state.data.count)];
    }),
  );
  return { accuracies, seconds: (processorTime() - start) / 1000 };
}

const base64 = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");

/** The layers as the peer gets them: Gemm nodes with weights [outputs, inputs]. */
function layersOf(model, ranges) {
  return Object.entries(ranges).map(([name, { inputs, sums }]) => {
    const node = model.nodes.find((one) => one.name === name);
    const [weight, bias] = node.inputs.slice(1).map((parameter) => model.parameters.get(parameter));
    const [outputs, width] = weight.shape;
    const values = { weight: base64(weight.floats()), bias: base64(bias.floats()) };
    return { outputs, inputs: width, ...values, inputRange: inputs.range, sumRange: sums[0].range };
  });
}

await init();
let peer;
try {
  const threads = { OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
  peer = await startPython({ script: "aihwkit_chips.py", needs: "aihwkit", env: threads });
} catch ({ message }) {
  console.log(`skipped: ${message}`);
  process.exit();
}
const model = importOnnx(new Uint8Array(readFileSync(new URL("../examples/models/mnist-mlp.onnx", import.meta.url))));
const data = take(await readDataset("mnist:test"), images);
const normalisation = normalisationOf(data, {});
const state = createEvaluationState({ model, data, normalisation, logits: model.outputs[0].name });
const result = { chips, images: data.count, peer: peer.about, rows: [], speed: [] };
try {
  const { shape, dtype } = model.inputs[0];
  const all = (count) =>
    batchTensor(
      data,
      Uint32Array.from({ length: count }, (_, i) => i),
      normalisation,
      shape,
      dtype,
    );
  const ranges = scope(() => calibrate(model, chipOf("none"), all(calibrationSamples)));
  const pixels = scope(() => base64(all(data.count).floats()));
  await peer.ask(JSON.stringify({ layers: layersOf(model, ranges), images: pixels, labels: [...data.labels] }));
  for (const compensation of ["none", "global"]) {
    const own = ours(state, compensation, ranges);
    const request = { chips, times: Object.values(times), compensation, seed, batch };
    const theirs = await peer.ask(JSON.stringify(request));
    for (const [age, time_s] of Object.entries(times)) {
      const [a, b] = [own, theirs].map(({ accuracies }) => statistics(accuracies[time_s]));
      const joint = Math.hypot(a.half, b.half);
      result.rows.push({ compensation, age, ours: a, theirs: b, joint, met: Math.abs(a.mean - b.mean) <= joint });
    }
    const rates = [own, theirs].map(({ seconds }) => (chips * Object.keys(times).length) / seconds);
    const ratio = rates[0] / rates[1];
    result.speed.push({
      compensation,
      ours: rates[0],
      theirs: rates[1],
      ratio,
      goal: goals.speed,
      met: ratio >= goals.speed,
    });
  }
} finally {
  peer.close();
  disposeEvaluationState(state);
  model.dispose();
}
const percent = ({ mean, half }) => `${mean.toFixed(2)} ± ${half.toFixed(2)}`;
const verdict = (met) => (met ? "met" : "MISSED");
const rows = result.rows.map(({ compensation, age, ours: a, theirs: b, joint, met }) => [
  compensation,
  age,
  percent(a),
  percent(b),
  (a.mean - b.mean).toFixed(2),
  joint.toFixed(2),
  verdict(met),
]);
console.log(tableOf(["drift compensation", "age", "neft, %", "aihwkit, %", "difference", "joint 95 %", ""], rows));
const speeds = result.speed.map(({ compensation, ours: a, theirs: b, ratio, goal, met }) => [
  compensation,
  a.toFixed(2),
  b.toFixed(2),
  ratio.toFixed(1),
  `≥ ${goal}`,
  verdict(met),
]);
console.log(tableOf(["drift compensation", "neft, chips/s", "aihwkit, chips/s", "ratio", "goal", ""], speeds));
if (!isTrial) {
  writeFileSync(new URL("results/aihwkit.json", import.meta.url), `${JSON.stringify(result, null, 1)}\n`);
}
