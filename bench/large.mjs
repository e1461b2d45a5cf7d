// A network of more than 2 GiB with external data: read, changed, written and read again; and the refusal of such a model in one file.
//   node bench/large.mjs
// Writes results/large.json and prints it; throws when something is wrong. It isn't part of the tests or of `npm run bench`: it takes
// about 12 GB of memory and 5 GB of disk.
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, decode, encode, ModelProto, TensorProto } from "@neft/onnx";
import { assign } from "@neft/tensor";
import { exportOnnx, exportOnnxFiles, GraphBuilder, init, readModel } from "neft";
import { run, scope, tensor } from "neft/tensor";
import { writeWhole } from "../packages/neft/dist/whole-file.js";

/** Products of 4096 × 4096 weights, 64 MiB each. */
const [products, side] = [33, 4096];
const size = 4 * side * side;
const location = "weights.bin";

function check(condition, what) {
  if (!condition) throw new Error(`large: expected ${what}`);
}

/** Weights of product i: one row, repeated with growing shifts, scaled so that outputs neither vanish nor explode. */
function weightOf(i) {
  const row = Float32Array.from({ length: side }, (_, at) => (((at * 7919 + i * 104729) % 1009) / 1009 - 0.5) / 94);
  const weight = new Float32Array(side * side);
  for (let at = 0; at < side; at++) {
    weight.set(row.subarray(at), at * side);
    weight.set(row.subarray(0, at), at * side + side - at);
  }
  return weight;
}

/** Writes model.onnx and its weights. */
function writeNetwork(folder) {
  // A small network with the nodes of the large one.
  const net = new GraphBuilder("large", { seed: 1 });
  let value = net.input("x", [2]);
  for (let i = 0; i < products; i++) value = net.linear(value, { name: `product${i}`, outputs: 2, bias: false });
  const model = net.build({ y: value });
  const proto = decode(ModelProto, exportOnnx(model));
  model.dispose();
  const file = openSync(join(folder, location), "w");
  proto.graph.initializer = proto.graph.initializer.map(({ name, dataType }, i) => {
    writeWhole(file, new Uint8Array(weightOf(i).buffer));
    const entries = { location, offset: String(i * size), length: String(size) };
    const externalData = Object.entries(entries).map(([key, text]) => ({ key, value: text, unknownFields: [] }));
    return create(TensorProto, { name, dataType, dims: [BigInt(side), BigInt(side)], dataLocation: 1, externalData });
  });
  closeSync(file);
  for (const one of [...proto.graph.input, ...proto.graph.output])
    one.type.tensorType.shape.dim.at(-1).dimValue = BigInt(side);
  writeFileSync(join(folder, "model.onnx"), encode(ModelProto, proto));
}

const outputOf = (model) =>
  scope(() => {
    const x = tensor(
      Float32Array.from({ length: side }, (_, i) => Math.sin(i)),
      [1, side],
    );
    return run(model, x).outputs.get("y").toArray();
  });

/** Bytes of a file from a position on. */
function bytesAt(path, at, length) {
  const bytes = new Uint8Array(length);
  const file = openSync(path, "r");
  readSync(file, bytes, 0, length, at);
  closeSync(file);
  return bytes;
}

await init();
const folder = mkdtempSync(join(tmpdir(), "neft-large-"));
const result = { bytes: products * size };
try {
  writeNetwork(folder);
  const { model } = await readModel(join(folder, "model.onnx"));
  check(model.parameters.size === products, `${products} weights`);

  const last = [...model.parameters.keys()].at(-1);
  const changed = weightOf(products - 1).map((weight) => -weight);
  const before = outputOf(model);
  assign(model.parameters.get(last), changed);
  const expected = outputOf(model);
  check(expected.every((y, i) => y === -before[i]) && expected.some((y) => y !== 0), "outputs of the other sign");

  let refusal = "";
  try {
    exportOnnx(model);
  } catch ({ message }) {
    refusal = message;
  }
  check(refusal.includes("expected a model in one file"), `a refusal, got ${refusal}`);

  const files = exportOnnxFiles(model);
  const descriptor = openSync(join(folder, location), "r+");
  const weights = files.external.get(location);
  check(weights.length === result.bytes, `${result.bytes} bytes of weights`);
  writeWhole(descriptor, weights);
  closeSync(descriptor);
  check(Buffer.compare(files.model, readFileSync(join(folder, "model.onnx"))) === 0, "an unchanged model file");

  // Only the last weight's bytes differ.
  for (const [i, weight] of [0, 15, products - 1].map((i) => [i, i === products - 1 ? changed : weightOf(i)])) {
    const stored = bytesAt(join(folder, location), i * size, size);
    check(Buffer.compare(stored, new Uint8Array(weight.buffer)) === 0, `weight ${i} in its place`);
  }

  // The same weights inside the file: more than protobuf allows.
  const { source: _, ...parts } = model;
  try {
    exportOnnx(Object.assign(Object.create(Object.getPrototypeOf(model)), parts));
    refusal = "";
  } catch ({ message }) {
    refusal = message;
  }
  check(refusal.includes("at most 2147483647 bytes"), `a refusal, got ${refusal}`);
  result.refusal = refusal;
  model.dispose();

  const again = (await readModel(join(folder, "model.onnx"))).model;
  const outputs = outputOf(again);
  check(
    outputs.every((y, i) => Object.is(y, expected[i])),
    "the outputs of the changed network",
  );
  again.dispose();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
result.maxResidentGB = Number((process.resourceUsage().maxRSS / 2 ** 20).toFixed(1));
const text = `${JSON.stringify(result, null, 2)}\n`;
writeFileSync(new URL("results/large.json", import.meta.url), text);
console.log(text);
