// Runs vitest and counts its tests. Imports only Node's modules and files of this folder that do so, too.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, runInstalled, startInstalled } from "./command.mjs";
import { noteFailure } from "./failures.mjs";
import { failuresOfVitest, oneFailed, sum, tallyVitest } from "./tally.mjs";

const script = "vitest/vitest.mjs";
const unhandledErrors = join(import.meta.dirname, "unhandled-errors.mjs");

/**
 * Runs the tests of one vitest project and prints vitest's report.
 *
 * @param {string} project  name of the project.
 * @param {readonly string[]} words  more arguments for vitest.
 * @returns {import("./tally.mjs").Tally}
 */
export function runVitest(project, words) {
  const run = prepared(project, words);
  return run.tally(runInstalled(script, run.args).status);
}

/**
 * The same without waiting, so that several run at once; each prints its report when it ends.
 *
 * @returns {Promise<import("./tally.mjs").Tally>}
 */
export async function startVitest(project, words) {
  const run = prepared(project, words);
  return run.tally((await startInstalled(script, run.args)).status);
}

/** Arguments of a run, and what makes its tally once it has ended with a status. */
function prepared(project, words) {
  const folder = mkdtempSync(join(tmpdir(), "neft-test-"));
  const report = join(folder, "report.json");
  const reporters = ["default", "json", unhandledErrors].map((reporter) => `--reporter=${reporter}`);
  const args = ["run", `--project=${project}`, ...reporters, `--outputFile.json=${report}`];
  const tally = (status) => {
    try {
      const parsed = JSON.parse(readFileSync(report, "utf8"));
      for (const { title, text } of failuresOfVitest(parsed, root)) noteFailure(`${project}: ${title}`, text);
      const found = tallyVitest(parsed);
      // vitest can fail without a failed test: an error outside of tests, or no tests.
      return status !== 0 && found.failed === 0 ? sum(found, oneFailed) : found;
    } catch (error) {
      console.error(`test ${project}: expected vitest's report, got none: ${error.message}`);
      noteFailure(`${project}: vitest ended without a report`, error.message);
      return oneFailed;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  return { args: [...args, ...words], tally };
}
