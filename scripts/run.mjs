// npm test, npm run demo and npm run check, from a fresh clone on: installs and builds what is missing first.
//   node scripts/run.mjs test    all TypeScript tests, then Rust's where there is a cargo; ends with "N passed, N failed"
//   node scripts/run.mjs demo    the quickstart
//   node scripts/run.mjs check   types, lint, layers and the built WebAssembly; names behind it choose among them
// Words behind the task are passed on. Imports nothing that has to be installed.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCargo } from "./cargo.mjs";
import { root, runInstalled, runProgram } from "./command.mjs";
import { prepare } from "./prepare.mjs";
import { line, nothing, oneFailed, sum, tallyCargo, tallyVitest } from "./tally.mjs";

const [task, ...words] = process.argv.slice(2);
const tasks = { test, demo, check };
if (!Object.hasOwn(tasks, task ?? "")) {
  console.error(`run: expected one of ${Object.keys(tasks).join(", ")}, got ${task ?? "nothing"}`);
  process.exit(2);
}
try {
  prepare();
} catch (error) {
  console.error(`${task}: ${error.message}`);
  if (task !== "demo") console.log(line(oneFailed));
  process.exit(1);
}
process.exitCode = tasks[task]();

function test() {
  const total = sum(vitest(), cargo());
  console.log(line(total));
  return total.failed === 0 ? 0 : 1;
}

function vitest() {
  const folder = mkdtempSync(join(tmpdir(), "neft-test-"));
  const report = join(folder, "report.json");
  try {
    const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...words];
    const { status } = runInstalled("vitest/vitest.mjs", args);
    const tally = tallyVitest(JSON.parse(readFileSync(report, "utf8")));
    // An error outside of every test, or no test at all, fails the run without failing a test.
    return status !== 0 && tally.failed === 0 ? sum(tally, oneFailed) : tally;
  } catch (error) {
    console.error(`test: expected vitest's report, got none: ${error.message}`);
    return oneFailed;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function cargo() {
  const cargo = findCargo();
  if (!cargo) {
    console.log("Rust: no working cargo here, so the Rust tests don't run (npm run toolchain installs one on Debian).");
    return nothing;
  }
  console.log(`Rust: ${cargo.version}`);
  // The kernels once more with the register blocks of the relaxed build.
  const suites = [["--workspace"], ["--package", "crossbar-kernels", "--features", "fused"]];
  return sum(...suites.map((suite) => cargoTest(cargo, suite)));
}

function cargoTest({ program, env }, suite) {
  const words = ["test", ...suite, "--no-fail-fast", "--locked", "--quiet"];
  const { status, output } = runProgram(program, words, { capture: true, env });
  process.stdout.write(output);
  return tallyCargo(output, status);
}

function demo() {
  return runProgram(process.execPath, [join(root, "examples", "quickstart", "demo.mjs"), ...words]).status;
}

function check() {
  return runProgram(process.execPath, [join(root, "scripts", "check.mjs"), ...words]).status;
}
