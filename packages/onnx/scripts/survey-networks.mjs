// Prints what networks' files contain and which of their operators are missing.
//   npm run build && npm run survey --workspace @neft/onnx               the networks of test/networks/table.mjs
//   npm run survey --workspace @neft/onnx -- FILE.onnx …                 these files
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { DataType, decode, ModelProto, operatorsOfFiles } from "@neft/onnx";
import { bytesOf } from "../test/networks/files.mjs";
import { networks } from "../test/networks/table.mjs";

const { resolve } = createRequire(import.meta.url);

addOperators(moreOperators);
const known = new Set(operatorsOfFiles().map(({ name }) => name));

const files = process.argv.slice(2);
const subjects =
  files.length > 0
    ? files.map((file) => ({ name: basename(file), bytes: readFileSync(file) }))
    : networks.map((network) => ({ name: network.name, bytes: bytesOf(network, resolve) }));

const missingAnywhere = new Map();
for (const { name, bytes } of subjects) {
  const { lines, missing } = survey(bytes);
  console.log([`${name} (${(bytes.length / 1e6).toFixed(2)} MB)`, ...lines].join("\n  "));
  for (const op of missing) missingAnywhere.set(op, [...(missingAnywhere.get(op) ?? []), name]);
}
const byUse = [...missingAnywhere].sort(([, a], [, b]) => b.length - a.length);
console.log(`missing operators, by the number of ${subjects.length} networks that use them:`);
for (const [op, users] of byUse) console.log(`  ${op}: ${users.length}`);

/** What a file contains, as lines of text, and the names of its operators that are missing. */
function survey(bytes) {
  const proto = decode(ModelProto, new Uint8Array(bytes));
  const { graph } = proto;
  const graphs = [...withBodies(graph)];
  const nodes = graphs.flatMap(({ node }) => node);
  const constants = nodes
    .filter(({ opType }) => opType === "Constant")
    .flatMap(({ attribute }) => attribute.flatMap(({ t }) => (t === undefined ? [] : [t])));
  const initializers = graphs.flatMap(({ initializer }) => initializer);
  const given = new Set(graph.initializer.map(({ name }) => name));
  const operators = counts(nodes.map(({ domain, opType }) => (domain ? `${domain}.${opType}` : opType)));
  const missing = [...operators.keys()].filter((op) => !known.has(op));
  const sets = proto.opsetImport.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`);
  const list = (map) => [...map].map(([key, count]) => `${key}×${count}`).join(" ") || "none";
  const values = (infos) =>
    infos
      .filter(({ name }) => !given.has(name))
      .map(valueInWords)
      .join(", ");
  const lines = [
    `IR ${proto.irVersion}, ${sets.join(", ")}; ${proto.producerName || "no producer"} ${proto.producerVersion}`,
    `inputs: ${values(graph.input)}`,
    `outputs: ${values(graph.output)}`,
    `${nodes.length} nodes, ${graphs.length - 1} bodies of control flow, ${proto.functions.length} functions`,
    `initializers: ${list(typesOf(initializers))}; Constant nodes: ${list(typesOf(constants))}`,
    `quantised: ${[...operators.keys()].some((op) => /Quantize|QLinear|Integer/.test(op)) ? "yes" : "no"}`,
    `operators: ${list(operators)}`,
    `missing: ${list(new Map(missing.map((op) => [op, operators.get(op)])))}`,
  ];
  return { lines, missing };
}

/** A graph and the bodies of its nodes, at any depth. */
function* withBodies(graph) {
  yield graph;
  for (const { attribute } of graph.node) {
    for (const { g, graphs } of attribute) {
      for (const body of g === undefined ? graphs : [g, ...graphs]) yield* withBodies(body);
    }
  }
}

/** Number of occurrences of each value, by name. */
function counts(names) {
  const found = new Map();
  for (const name of [...names].sort()) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}

/** Number of tensors by type. */
function typesOf(tensors) {
  return counts(tensors.map(({ dataType }) => DataType[dataType] ?? `type ${dataType}`));
}

/** `image: FLOAT [batch, 3, ?, ?]` */
function valueInWords({ name, type }) {
  const tensor = type?.tensorType;
  const axes = tensor?.shape?.dim.map(({ dimValue, dimParam }) => dimParam || (dimValue ?? "?")) ?? ["unknown rank"];
  return `${name}: ${DataType[tensor?.elemType] ?? "not a tensor"} [${axes.join(", ")}]`;
}
