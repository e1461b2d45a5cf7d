// Finds the cases of conformance suites in folders. Two layouts: that of ONNX's backend tests, a folder with model.onnx and folders
// test_data_set_N of input_K.pb and output_K.pb; and that of its folder `light`, files NAME.onnx with NAME_output_K.pb.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { loosened } from "./loosened.mjs";

/**
 * @typedef {object} Case
 * @property {string} suite  Name of the folder that the case is in.
 * @property {string} name
 * @property {string} model  Path of the ONNX file.
 * @property {readonly DataSet[]} sets
 * @property {number} rtol  Relative tolerance of floating-point outputs.
 * @property {number} atol  Absolute tolerance of floating-point outputs.
 *
 * @typedef {object} DataSet
 * @property {readonly string[] | undefined} inputs  Paths of the inputs' files, by position. Undefined: ramps, i / size at element i of each.
 * @property {readonly string[]} outputs  Paths of the outputs' files, by position.
 */

/** Tolerances of ONNX's own runner, where a case's data.json and the table of loosened ones have no others. */
export const tolerances = { rtol: 1e-3, atol: 1e-7 };

/**
 * Lists the cases below a folder, by suite and name.
 *
 * @param {string} folder  A case, a suite, or a folder of suites.
 * @returns {Case[]}
 * @throws {Error} when there is none.
 */
export function findCases(folder) {
  const cases = existsSync(folder) ? casesIn(folder) : [];
  if (cases.length === 0) {
    throw new Error(
      `expected a folder with cases (model.onnx and test_data_set_0), got ${existsSync(folder) ? "none" : "no such folder"}: ${folder}`,
    );
  }
  const key = ({ suite, name }) => `${suite}/${name}`;
  const judged = cases.map((one) => {
    const { rtol = one.rtol, atol = one.atol } = loosened[key(one)] ?? {};
    return { ...one, rtol, atol };
  });
  return judged.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function casesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  if (files.includes("model.onnx")) return [folderCase(folder, folders)];
  return [...lightCases(folder, files), ...folders.flatMap((name) => casesIn(join(folder, name)))];
}

function folderCase(folder, folders) {
  const sets = folders.filter((name) => name.startsWith("test_data_set")).sort();
  return {
    suite: basename(dirname(folder)),
    name: basename(folder),
    model: join(folder, "model.onnx"),
    sets: sets.map((name) => ({
      inputs: numbered(join(folder, name), "input_"),
      outputs: numbered(join(folder, name), "output_"),
    })),
    ...tolerancesOf(folder),
  };
}

/** Files of the layout of `light`. Their tolerances are in the folder `real` beside it. */
function lightCases(folder, files) {
  return files
    .filter((file) => file.endsWith(".onnx"))
    .map((file) => file.slice(0, -".onnx".length))
    .filter((name) => files.includes(`${name}_output_0.pb`))
    .map((name) => ({
      suite: basename(folder),
      name,
      model: join(folder, `${name}.onnx`),
      sets: [{ inputs: undefined, outputs: numbered(folder, `${name}_output_`) }],
      ...tolerancesOf(join(dirname(folder), "real", name.replace(/^light_/, "test_"))),
    }));
}

/** Paths of PREFIX0.pb, PREFIX1.pb and so on, as far as they exist. */
function numbered(folder, prefix) {
  const pathOf = (i) => join(folder, `${prefix}${i}.pb`);
  let count = 0;
  while (existsSync(pathOf(count))) count++;
  return Array.from({ length: count }, (_, i) => pathOf(i));
}

function tolerancesOf(folder) {
  const file = join(folder, "data.json");
  const { rtol, atol } = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  return { rtol: rtol ?? tolerances.rtol, atol: atol ?? tolerances.atol };
}
