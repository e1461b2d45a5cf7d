// Import of a file of 100 MB, from bytes in memory to a model.
import { Model } from "@neft/model";
import { exportOnnx, importOnnx } from "@neft/onnx";
import { parameter } from "@neft/tensor";
import { normalArray } from "../harness/buffers.mjs";
import { contest, median } from "../harness/contest.mjs";
import { atMost } from "../harness/record.mjs";

/** Products of 1024 × 1024 weights, 4 MiB each. */
const [products, side] = [25, 1024];

/** Goal, in milliseconds. */
const mostMs = 1000;

/** Weight number i: a row of random numbers, repeated. */
const weightOf = (i) => {
  const row = normalArray(`import ${i}`, side);
  const weight = new Float32Array(side * side);
  for (let at = 0; at < weight.length; at += side) weight.set(row, at);
  return weight;
};

/** The bytes of a file with all products in a row. */
function bigFile() {
  const names = Array.from({ length: products }, (_, i) => `weight${i}`);
  const value = (name) => ({ name, dtype: "f32", shape: ["N", side] });
  const model = new Model({
    name: "big",
    inputs: [value("y0")],
    outputs: [value(`y${products}`)],
    nodes: names.map((weight, i) => ({
      name: `product${i}`,
      op: "MatMul",
      inputs: [`y${i}`, weight],
      outputs: [`y${i + 1}`],
      attributes: {},
    })),
    parameters: new Map(names.map((name, i) => [name, parameter(weightOf(i), [side, side])])),
    constants: new Map(),
  });
  const bytes = exportOnnx(model);
  model.dispose();
  return bytes;
}

/** Imports the file once and checks a weight of each product. */
function importAndCheck(file) {
  const model = importOnnx(file);
  [...model.parameters.values()].forEach((weight, i) => {
    const [got, expected] = [weight.toArray(), weightOf(i)];
    const wrong = got.findIndex((value, at) => value !== expected[at]);
    if (wrong >= 0) throw new Error(`import: expected ${expected[wrong]} in weight ${i}, got ${got[wrong]}`);
  });
  if (model.parameters.size !== products)
    throw new Error(`import: expected ${products} weights, got ${model.parameters.size}`);
  model.dispose();
}

/** Measures one build. */
export async function run({ rounds, record }) {
  const file = bigFile();
  importAndCheck(file);
  const times = await contest({ ours: () => importOnnx(file).dispose() }, { rounds });
  const ms = median(times.ours);
  record({
    what: `${Math.round(file.length / 1e6)} MB of float32 weights`,
    ours: ms,
    peer: mostMs,
    peerName: "one second",
    unit: "ms",
    ratio: ms / mostMs,
    goal: atMost(1),
  });
}
