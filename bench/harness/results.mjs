// Result files: latest.json holds the last run, machines/ the last run of every other machine.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Folder of this repository's results. */
export const resultsFolder = new URL("../results/", import.meta.url);

const latest = (folder) => new URL("latest.json", folder);
const machines = (folder) => new URL("machines/", folder);

/** A file name for a machine, from all of its description, Node's version included. */
const nameOf = (machine) =>
  Object.values(machine)
    .flat()
    .join(" ")
    .toLowerCase()
    .replace(/\(r\)|\(tm\)/g, "")
    .replace(/[^a-z0-9]+/g, "-");

/** The file for a machine's results while another machine's are the latest. */
const fileOf = (machine, folder) => new URL(`${nameOf(machine)}.json`, machines(folder));

/** The results in a file; undefined when it doesn't exist. */
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

/**
 * Parses a result file.
 * @throws {Error} naming the file, when `writeResults` didn't write it.
 */
export function parseResults(text, file) {
  let results;
  try {
    results = JSON.parse(text);
  } catch {
    // Reported below.
  }
  if (results?.machine && Array.isArray(results.records)) return results;
  throw new Error(`${file}: expected results of npm run bench, got something else; restore or delete it`);
}

/** Records of the last run on a machine; empty without such a run. */
export function readResults(machine, folder = resultsFolder) {
  const last = read(latest(folder));
  const own = last && nameOf(last.machine) === nameOf(machine) ? last : read(fileOf(machine, folder));
  return own?.records ?? [];
}

/** Paths of all result files, relative to the folder; the latest first. */
export function resultFiles(folder = resultsFolder) {
  const others = existsSync(machines(folder)) ? readdirSync(machines(folder)) : [];
  const files = others.filter((name) => name.endsWith(".json")).sort();
  return ["latest.json", ...files.map((name) => `machines/${name}`)];
}

/**
 * Writes the latest results, one record per line, which keeps diffs small. If the latest results were another machine's, they are
 * moved to its file first.
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

/** A record with its numbers rounded to four digits. */
function rounded(record) {
  const digits = (value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, digits(value)]));
}
