// Runs the tests of one workspace, which is a vitest project of the same name; ends with "N passed, N failed".
//   node scripts/test-package.mjs PROJECT [vitest arguments…]
import { line } from "./tally.mjs";
import { runVitest } from "./vitest.mjs";

const [project, ...words] = process.argv.slice(2);
// Arguments select tests; a workspace without a match doesn't fail.
const tally = runVitest(project, words.length > 0 ? ["--passWithNoTests", ...words] : []);
console.log(line(tally));
process.exitCode = tally.failed === 0 ? 0 : 1;
