// Result files: latest.json holds the last run, machines/ the last run of every other machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the results of this repository are. */
export const resultsFolder = new URL("../results/", import.meta.url);

const latest = (folder) => new URL("latest.json", folder);
const machines = (folder) => new URL("machines/", folder);

/** A machine's description as a name: what tells it from others, versions of Node included. */
const nameOf = (machine) =>
  Object.values(machine)
    .flat()
    .join(" ")
    .toLowerCase()
    .replace(/\(r\)|\(tm\)/g, "")
    .replace(/[^a-z0-9]+/g, "-");

/** The file for a machine's results while another one's are the latest. */
const fileOf = (machine, folder) => new URL(`${nameOf(machine)}.json`, machines(folder));

/** The results in a file, undefined where there is none. */
function read(file) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
  return parseResults(text, fileURLToPath(file));
}

/** @throws {Error} naming the file, where it isn't what `writeResults` writes. */
export function parseResults(text, file) {
  let results;
  try {
    results = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (results?.machine && Array.isArray(results.records)) return results;
  throw new Error(`${file}: expected results of npm run bench, got something else; restore or delete it`);
}

/** Records of the last run on this machine, by its description; none where there is no such run. */
export function readResults(machine, folder = resultsFolder) {
  const last = read(latest(folder));
  const own = last && nameOf(last.machine) === nameOf(machine) ? last : read(fileOf(machine, folder));
  return own?.records ?? [];
}

/** Names of all result files, the latest first, from the folder on. */
export function resultFiles(folder = resultsFolder) {
  const others = existsSync(machines(folder)) ? readdirSync(machines(folder)) : [];
  const files = others.filter((name) => name.endsWith(".json")).sort();
  return ["latest.json", ...files.map((name) => `machines/${name}`)];
}

/**
 * Writes the latest results, one record a line, so that a change of one is a change of one line. Those of another machine, which
 * were the latest, are put aside.
 */
export function writeResults({ records, ...rest }, folder = resultsFolder) {
  mkdirSync(machines(folder), { recursive: true });
  const last = read(latest(folder));
  if (last && nameOf(last.machine) !== nameOf(rest.machine)) renameSync(latest(folder), fileOf(last.machine, folder));
  const head = JSON.stringify(rest, null, 1).slice(0, -2);
  const lines = records.map((record) => `  ${JSON.stringify(rounded(record))}`);
  writeFileSync(latest(folder), `${head},\n "records": [\n${lines.join(",\n")}\n ]\n}\n`);
  rmSync(fileOf(rest.machine, folder), { force: true });
}

function rounded(record) {
  const digits = (value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, digits(value)]));
}
