// Runs vitest and counts its tests. Imports only Node's modules and files of this folder that do so, too.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInstalled } from "./command.mjs";
import { oneFailed, sum, tallyVitest } from "./tally.mjs";

/**
 * Runs the tests of one vitest project and prints vitest's report.
 *
 * @param {string} project  name of the project.
 * @param {readonly string[]} words  more arguments for vitest.
 * @returns {import("./tally.mjs").Tally}
 */
export function runVitest(project, words) {
  const folder = mkdtempSync(join(tmpdir(), "neft-test-"));
  const report = join(folder, "report.json");
  try {
    const args = [
      "run",
      `--project=${project}`,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
    ];
    const { status } = runInstalled("vitest/vitest.mjs", [...args, ...words]);
    const tally = tallyVitest(JSON.parse(readFileSync(report, "utf8")));
    // vitest can fail without a failed test: an error outside of tests, or no tests.
    return status !== 0 && tally.failed === 0 ? sum(tally, oneFailed) : tally;
  } catch (error) {
    console.error(`test ${project}: expected vitest's report, got none: ${error.message}`);
    return oneFailed;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
