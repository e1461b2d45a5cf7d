// The command behind main.mjs.
import { findCases } from "./cases.mjs";
import { runCases } from "./processes.mjs";
import { missingReport, reportOf } from "./report.mjs";
import { differencesFrom, readResults, recorded, recordPath, writeResults } from "./results.mjs";
import { sources } from "./sources.mjs";

/**
 * Runs suites as the options of main.mjs say, and returns the exit code.
 *
 * @param {{ suite?: string[], filter?: string, json?: string, verbose?: boolean, missing?: string, record?: boolean, check?: boolean }} options
 * @param {object} [surroundings]  What tests replace.
 * @param {(text: string) => void} [surroundings.print]
 * @param {typeof runCases} [surroundings.run]
 * @returns {Promise<number>}
 * @throws {Error} for wrong options. {@link import("./sources.mjs").UnavailableError} when a named suite can't be had.
 */
export async function conformance(
  { suite: suites = ["onnx"], filter, json, verbose = false, missing, record = false, check = false },
  { print = console.log, run = runCases } = {},
) {
  if (missing !== undefined) {
    print(missingReport(readResults(missing).cases));
    return 0;
  }
  if ((record || check) && (filter !== undefined || suites.join() !== "onnx")) {
    throw new Error("expected --record and --check without --suite and --filter, got both");
  }
  const named = suites.map((name) =>
    Object.hasOwn(sources, name) ? sources[name] : { title: name, folder: () => name },
  );
  const found = named.flatMap(({ folder }) => findCases(folder()));
  const cases = found.filter(
    ({ suite, name }) => (filter === undefined || `${suite}/${name}`.includes(filter)) && !(check && suite === "light"),
  );
  if (cases.length === 0) throw new Error(`expected --filter with a part of a case's name, got ${filter}`);
  const rows = await run(cases);
  const source = named.map(({ title }) => title).join(", ");
  if (json !== undefined) writeResults(json, { source, cases: rows });
  if (record) writeResults(recordPath, { source, cases: recorded(rows) });
  if (check) return compare(rows, print);
  print(reportOf(rows, { verbose }));
  return rows.some(({ result }) => result === "fail") ? 1 : 0;
}

/** Prints the differences from the record. */
function compare(rows, print) {
  const differences = differencesFrom(readResults(recordPath).cases, rows);
  for (const line of differences) print(line);
  const passed = rows.filter(({ result }) => result === "pass").length;
  print(`conformance: ${passed} of ${rows.length} cases pass`);
  if (differences.length > 0) print("npm run conformance -- --record writes the results anew");
  return differences.length > 0 ? 1 : 0;
}
