// Runs the tests of one workspace, which is a vitest project of the same name; ends with "N passed, N failed".
//   node scripts/test-package.mjs PROJECT [vitest arguments…]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInstalled } from "./command.mjs";
import { line, oneFailed, sum, tallyVitest } from "./tally.mjs";

const [project, ...words] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "neft-test-"));
const report = join(folder, "report.json");
let tally;
try {
  const args = ["run", `--project=${project}`, "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  // Arguments select tests; a workspace without a match doesn't fail.
  if (words.length > 0) args.push("--passWithNoTests", ...words);
  const { status } = runInstalled("vitest/vitest.mjs", args);
  tally = tallyVitest(JSON.parse(readFileSync(report, "utf8")));
  // vitest can fail without a failed test: an error outside of tests, or no tests.
  if (status !== 0 && tally.failed === 0) tally = sum(tally, oneFailed);
} catch (error) {
  console.error(`test ${project}: expected vitest's report, got none: ${error.message}`);
  tally = oneFailed;
} finally {
  rmSync(folder, { recursive: true });
}
console.log(line(tally));
process.exitCode = tally.failed === 0 ? 0 : 1;
