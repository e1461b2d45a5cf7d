// Runs one case and judges it.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { init } from "@neft/kernels";
import { addOperators, run } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { decode, externalFilesOf, importOnnx, ModelProto, operatorsOfFiles } from "@neft/onnx";
import { inWords, shortened } from "@neft/options";
import { noGrad, scope, sizeOf, tensor } from "@neft/tensor";
import { difference } from "./comparison.mjs";
import { arrayOf, readValue } from "./stored-value.mjs";

addOperators(moreOperators);
const supported = new Set(operatorsOfFiles().map(({ name }) => name));

/** Limit on the length of a reason, in characters. */
const maxReason = 1000;

/**
 * @typedef {object} Outcome
 * @property {"pass" | "fail" | "refused"} result  refused: the import or the run refuses the case by an error of ours. fail: anything else but the
 *   expected outputs, a crash included.
 * @property {string} [reason]  Of a failure or refusal.
 *
 * @typedef {object} About
 * @property {string} [operator]  The operator of all nodes; absent when there are several.
 * @property {string[]} [missing]  Operators of the file that aren't supported in any opset, sorted; absent when there are none.
 */

/**
 * Describes a case by its file: bodies of control flow are included. A file that can't be decoded has no description.
 *
 * @param {{ model: string }} one  A case.
 * @returns {About}
 */
export function describeCase({ model }) {
  const { graph } = decoded(readFileSync(model));
  const top = new Set((graph?.node ?? []).map(nameOf));
  const missing = [...operatorsOf(graph)].filter((name) => !supported.has(name)).sort();
  return { ...(top.size === 1 && { operator: [...top][0] }), ...(missing.length > 0 && { missing }) };
}

function decoded(bytes) {
  try {
    return decode(ModelProto, bytes);
  } catch {
    return {};
  }
}

/** Operators of a graph and the graphs in its attributes. */
function operatorsOf(graph, names = new Set()) {
  for (const node of graph?.node ?? []) {
    names.add(nameOf(node));
    for (const { g, graphs } of node.attribute) for (const body of [g, ...graphs]) operatorsOf(body, names);
  }
  return names;
}

/** Operator's name, with its domain if that isn't ONNX's own. */
const nameOf = ({ domain, opType }) => (domain === "" || domain === "ai.onnx" ? opType : `${domain}.${opType}`);

/**
 * Runs a case: imports its file and compares the outputs for each of its data sets. Never throws.
 *
 * @param {import("./cases.mjs").Case} one
 * @returns {Promise<Outcome>}
 */
export async function runCase(one) {
  await init();
  let model;
  // A refusal by the run is shown as such: a network that was imported should run.
  let phase = "";
  try {
    const bytes = readFileSync(one.model);
    model = importOnnx(bytes, { externalData: externalData(bytes, one.model) });
    const types = declaredTypes(bytes);
    phase = "run: ";
    if (one.sets.length === 0) return { result: "fail", reason: "expected a folder test_data_set_0, got none" };
    for (const [i, set] of one.sets.entries()) {
      const reason = differences(model, types, set, one);
      if (reason !== undefined)
        return { result: "fail", reason: one.sets.length > 1 ? `data set ${i}: ${reason}` : reason };
    }
    return { result: "pass" };
  } catch (error) {
    const reason = phase + shortened(error instanceof Error ? error.message : String(error), maxReason);
    return isRefusal(error) ? { result: "refused", reason } : { result: "fail", reason: `crash: ${reason}` };
  } finally {
    model?.dispose();
  }
}

/** Contents of a model's external files, by location. */
function externalData(bytes, path) {
  const read = (location) => readFileSync(join(dirname(path), location));
  return Object.fromEntries(externalFilesOf(bytes).map((location) => [location, read(location)]));
}

/** DataType of each declared input and output, by name. */
function declaredTypes(bytes) {
  const { input, output } = decode(ModelProto, bytes).graph;
  return new Map([...input, ...output].map(({ name, type }) => [name, type?.tensorType?.elemType]));
}

/** Operators whose outputs are random numbers. No two implementations draw the same. */
const drawing = ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

/** The first difference between a model's outputs and a data set's; undefined when there is none. */
function differences(model, types, { inputs, outputs }, { rtol, atol }) {
  const tolerances = { rtol, atol, isDrawn: model.nodes.some(({ op }) => drawing.includes(op)) };
  return scope(() =>
    noGrad(() => {
      const feeds = model.inputs.flatMap((info, i) => {
        if (inputs === undefined) return [[info.name, ramp(info)]];
        return i < inputs.length ? [[info.name, feed(inputs[i], info, types)]] : [];
      });
      const results = run(model, Object.fromEntries(feeds)).outputs;
      if (outputs.length !== model.outputs.length) {
        return `expected ${outputs.length} outputs, got ${model.outputs.length}`;
      }
      for (const [i, { name }] of model.outputs.entries()) {
        const result = results.get(name);
        const got = { dtype: result.dtype, shape: result.shape, data: result.toArray() };
        const found = difference(got, readValue(outputs[i], types.get(name)), tolerances);
        if (found !== undefined) return `output ${inWords(name)}: ${found}`;
      }
      return undefined;
    }),
  );
}

function feed(path, { name }, types) {
  const { data, shape, dtype } = arrayOf(readValue(path, types.get(name)), `input ${inWords(name)}`);
  return tensor(data, [...shape], dtype);
}

/** i / size at element i, as ONNX's runner feeds the models of `light`. A symbolic size is 1. */
function ramp({ shape }) {
  const sizes = shape.map((n) => (typeof n === "string" ? 1 : n));
  const count = sizeOf(sizes);
  return tensor(
    Float32Array.from({ length: count }, (_, i) => i / count),
    sizes,
    "f32",
  );
}

/** Errors of the language and the engine: of code that went wrong, if they don't state what was expected. */
const crashes = [TypeError, ReferenceError, WebAssembly.RuntimeError];

/** Whether an error states what was expected and what came instead, as all errors about input do, and wraps no crash. */
export function isRefusal(error) {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (crashes.some((kind) => at instanceof kind) && !statesInput(at)) return false;
  }
  return error instanceof Error && statesInput(error);
}

const statesInput = ({ message }) => /\bexpected\b.*\bgot\b/s.test(message);
