// Files of results: one line for each case, so that differences between two are readable.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The recorded results of the suites of onnx, from which SUPPORTED.md has its scores. */
export const recordPath = fileURLToPath(new URL("results/onnx-1.22.0.json", import.meta.url));

/**
 * Writes results as JSON: `{ "source": …, "cases": [{ "suite", "name", "operator", "missing", "result", "reason" }, …] }`.
 *
 * @param {string} path
 * @param {{ source: string, cases: readonly import("./processes.mjs").Row[] }} results
 */
export function writeResults(path, { source, cases }) {
  const lines = cases.map((row) => JSON.stringify(row)).join(",\n");
  writeFileSync(path, `{"source": ${JSON.stringify(source)}, "cases": [\n${lines}\n]}\n`);
}

/** Reads results. @throws {Error} when the file isn't one of results. */
export function readResults(path) {
  try {
    const results = JSON.parse(readFileSync(path, "utf8"));
    if (Array.isArray(results?.cases)) return results;
  } catch (error) {
    throw new Error(`expected a file of results, got ${path}: ${error.message}`, { cause: error });
  }
  throw new Error(`expected a file of results, got ${path}, which has no cases`);
}

/** Rows as they are recorded: without reasons and missing operators, whose texts change more often than results. */
export function recorded(rows) {
  return rows.map(({ suite, name, operator, result }) => ({ suite, name, ...(operator && { operator }), result }));
}

/**
 * Lists how rows differ from recorded ones, one line each. Suites that weren't run are ignored.
 *
 * @param {readonly import("./processes.mjs").Row[]} rows
 * @param {readonly Pick<import("./processes.mjs").Row, "suite" | "name" | "result">[]} record
 * @returns {string[]}
 */
export function differencesFrom(record, rows) {
  const byCase = (list) => new Map(list.map((row) => [`${row.suite}/${row.name}`, row]));
  const [now, before] = [byCase(rows), byCase(record)];
  const suites = new Set(rows.map(({ suite }) => suite));
  const names = new Set([
    ...now.keys(),
    ...[...before].filter(([, { suite }]) => suites.has(suite)).map(([key]) => key),
  ]);
  return [...names].sort().flatMap((name) => {
    const [was, is] = [before.get(name)?.result ?? "no case", now.get(name)?.result ?? "no case"];
    const reason = now.get(name)?.reason;
    return was === is ? [] : [`${name}: recorded ${was}, got ${is}${reason === undefined ? "" : `: ${reason}`}`];
  });
}
