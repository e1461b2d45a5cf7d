// Result files: latest.json holds the last run, machines/ the last run of every other machine.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Where the results of this repository are. */
export const resultsFolder = new URL("../results/", import.meta.url);

const latest = (folder) => new URL("latest.json", folder);
const machines = (folder) => new URL("machines/", folder);

/** The file for a machine's results while another one's are the latest. */
function fileOf({ cpu, cores }, folder) {
  const name = cpu
    .toLowerCase()
    .replace(/\(r\)|\(tm\)/g, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return new URL(`${name || "unknown"}-${cores}-cores.json`, machines(folder));
}

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

/** Records of the last run on this machine, by its description; none where there is no such run. */
export function readResults(machine, folder = resultsFolder) {
  const known = [latest(folder), fileOf(machine, folder)].map(read);
  return known.find((results) => isSame(results?.machine, machine))?.records ?? [];
}

/** Names of all result files, the latest first, from the folder on. */
export function resultFiles(folder = resultsFolder) {
  let others = [];
  try {
    others = readdirSync(machines(folder)).filter((name) => name.endsWith(".json"));
  } catch {
    // No other machine has results.
  }
  return ["latest.json", ...others.sort().map((name) => `machines/${name}`)];
}

/**
 * Writes the latest results, one record a line, so that a change of one is a change of one line. Those of another machine, which
 * were the latest, are put aside.
 */
export function writeResults({ records, ...rest }, folder = resultsFolder) {
  mkdirSync(machines(folder), { recursive: true });
  const last = read(latest(folder));
  if (last && !isSame(last.machine, rest.machine)) renameSync(latest(folder), fileOf(last.machine, folder));
  const head = JSON.stringify(rest, null, 1).slice(0, -2);
  const lines = records.map((record) => `  ${JSON.stringify(rounded(record))}`);
  writeFileSync(latest(folder), `${head},\n "records": [\n${lines.join(",\n")}\n ]\n}\n`);
  if (isSame(read(fileOf(rest.machine, folder))?.machine, rest.machine)) rmSync(fileOf(rest.machine, folder));
}

function rounded(record) {
  const digits = (value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value);
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, digits(value)]));
}
