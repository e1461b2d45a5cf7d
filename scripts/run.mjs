// Runs npm test, npm run test:browser, npm run test:package, npm run check, npm run conformance, npm run fuzz and npm run demo; works in a fresh clone, since it installs missing packages first.
//   node scripts/run.mjs test [folder…] [vitest arguments…]   tests of the named workspaces (default: all); ends with "N passed, N failed"
//   node scripts/run.mjs browser [name…] [vitest arguments…]  tests in the named browsers (default: all); ends with "N passed, N failed"
//   node scripts/run.mjs package [vitest arguments…]          tests of the packed package; ends with "N passed, N failed"
//   node scripts/run.mjs check [name…]                        the named checks of scripts/check-names.mjs (default: all)
//   node scripts/run.mjs conformance [options…]               suites of ONNX files: packages/onnx/conformance/main.mjs
//   node scripts/run.mjs fuzz [files] [seed]                  mutated ONNX files (default: 500000 of seed 1); ends with "N passed, N failed"
//   node scripts/run.mjs demo [arguments…]                    the quickstart
// Imports only Node's modules and files of this folder that do so, too.
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { testBrowsers } from "./browser-tests.mjs";
import { findCargo } from "./cargo.mjs";
import { checkNames } from "./check-names.mjs";
import { root, runProgram } from "./command.mjs";
import { noteFailure } from "./failures.mjs";
import { prepare } from "./prepare.mjs";
import { failuresOfCargo, line, nothing, oneFailed, sum, tallyCargo } from "./tally.mjs";
import { runTurbo } from "./turbo.mjs";
import { runVitest } from "./vitest.mjs";

const [task, ...words] = process.argv.slice(2);
const tasks = { test, browser, package: testPackage, demo, check, conformance, fuzz };
if (!Object.hasOwn(tasks, task ?? "")) {
  console.error(`run: expected one of ${Object.keys(tasks).join(", ")}, got ${task ?? "nothing"}`);
  process.exit(2);
}
try {
  prepare();
} catch (error) {
  console.error(`${task}: ${error.message}`);
  if (task !== "demo" && task !== "conformance") console.log(line(oneFailed));
  process.exit(1);
}
process.exitCode = await tasks[task]();

async function test() {
  const named = words.map((word) => workspaceNamed(word));
  const workspaces = named.filter((name) => name !== undefined);
  const others = words.filter((_, i) => named[i] === undefined);
  const isAll = words.length === 0;
  const filters = workspaces.filter((name) => name !== "crates").map((name) => `--filter=${name}`);
  const passedOn = others.length > 0 ? ["--", ...others] : [];
  // As many at once as there are cores, and each uses all: the last one has them to itself then.
  const concurrency = `--concurrency=${Math.max(2, availableParallelism())}`;
  const hasTests = workspaces.length === 0 || filters.length > 0;
  const vitest = hasTests
    ? await turboTally([
        "test",
        concurrency,
        ...(workspaces.length === 0 ? ["//#test:scripts"] : []),
        ...filters,
        ...passedOn,
      ])
    : nothing;
  const total = sum(vitest, isAll || workspaces.includes("crates") ? cargo() : nothing);
  console.log(line(total));
  return total.failed === 0 ? 0 : 1;
}

/** Turbo's name for a workspace given by folder or name; "crates" for the Rust crates; undefined for any other word. */
function workspaceNamed(word) {
  const folder = word.replace(/\/+$/, "");
  if (folder === "crates" || folder.startsWith("crates/")) return "crates";
  const manifest = join(root, folder, "package.json");
  if (folder !== "" && !folder.startsWith("-") && existsSync(manifest))
    return JSON.parse(readFileSync(manifest, "utf8")).name;
  return /^@neft\/[a-z-]+$|^neft$/.test(word) ? word : undefined;
}

/** Tally of turbo's tasks; a task that fails without reporting a failure counts as one. */
async function turboTally(args) {
  const { status, tally } = await runTurbo(args);
  return status !== 0 && tally.failed === 0 ? sum(tally, oneFailed) : tally;
}

function cargo() {
  const cargo = findCargo();
  if (!cargo) {
    console.log("Rust: no working cargo, so the Rust tests don't run (npm run toolchain installs one on Debian).");
    return nothing;
  }
  console.log(`Rust: ${cargo.version}`);
  // The second suite tests the kernels with the register blocks of the relaxed build.
  const suites = [["--workspace"], ["--package", "crossbar-kernels", "--features", "fused"]];
  return sum(...suites.map((suite) => cargoTest(cargo, suite)));
}

function cargoTest({ program, env }, suite) {
  const args = ["test", ...suite, "--no-fail-fast", "--locked", "--quiet"];
  const { status, output } = runProgram(program, args, { capture: true, env });
  process.stdout.write(output);
  for (const { title, text } of failuresOfCargo(output)) noteFailure(`Rust: ${title}`, text);
  return tallyCargo(output, status);
}

async function browser() {
  const total = await testBrowsers(words);
  console.log(line(total));
  return total.failed === 0 ? 0 : 1;
}

async function testPackage() {
  const { status } = await runTurbo(["build", "--filter=neft", "--output-logs=errors-only"]);
  const total = status === 0 ? runVitest("package", ["--config=vitest.package.config.ts", ...words]) : oneFailed;
  console.log(line(total));
  return total.failed === 0 ? 0 : 1;
}

async function check() {
  const unknown = words.find((name) => !checkNames.includes(name));
  if (unknown !== undefined) {
    console.error(`check: expected ${checkNames.join(", ")}, got ${unknown}`);
    return 2;
  }
  const names = words.length > 0 ? words : checkNames;
  const total = await turboTally(names.map((name) => `//#check:${name}`));
  console.log(line(total));
  return total.failed === 0 ? 0 : 1;
}

async function conformance() {
  const { status } = await runTurbo(["build", "--filter=@neft/onnx", "--output-logs=errors-only"]);
  if (status !== 0) return status;
  return runProgram(process.execPath, [join(root, "packages", "onnx", "conformance", "main.mjs"), ...words]).status;
}

function fuzz() {
  const [files = "500000", seed = "1"] = words;
  if (![files, seed].every((word) => /^[1-9][0-9]{0,8}$/.test(word))) {
    console.error(`fuzz: expected numbers of files and seed, got ${words.join(" ")}`);
    return 2;
  }
  Object.assign(process.env, { NEFT_FUZZ: files, NEFT_FUZZ_SEED: seed });
  const tests = ["mutations", "misuses", "computed-weights"].map((name) => `packages/onnx/test/${name}.test.ts`);
  const total = runVitest("@neft/onnx", tests);
  console.log(line(total));
  return total.failed === 0 ? 0 : 1;
}

async function demo() {
  const { status } = await runTurbo(["build", "--output-logs=errors-only"]);
  if (status !== 0) return status;
  return runProgram(process.execPath, [join(root, "examples", "quickstart", "demo.mjs"), ...words]).status;
}
