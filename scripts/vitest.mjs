// Runs vitest and counts its tests. Imports only Node's modules and files of this folder that do so, too.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInstalled, startInstalled } from "./command.mjs";
import { oneFailed, sum, tallyVitest } from "./tally.mjs";

const script = "vitest/vitest.mjs";

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
  const args = ["run", `--project=${project}`, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const tally = (status) => {
    try {
      const found = tallyVitest(JSON.parse(readFileSync(report, "utf8")));
      // vitest can fail without a failed test: an error outside of tests, or no tests.
      return status !== 0 && found.failed === 0 ? sum(found, oneFailed) : found;
    } catch (error) {
      console.error(`test ${project}: expected vitest's report, got none: ${error.message}`);
      return oneFailed;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  return { args: [...args, ...words], tally };
}
