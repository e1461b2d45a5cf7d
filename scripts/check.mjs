// Runs one check of npm run check and prints its findings; ends with "N passed, N failed".
//   node scripts/check.mjs NAME   a name in scripts/check-names.mjs
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findCargo } from "./cargo.mjs";
import { checkNames } from "./check-names.mjs";
import { root, runInstalled, runProgram } from "./command.mjs";
import { checkFileNames } from "./file-names.mjs";
import { checkLayers } from "./layers.mjs";
import { checkLockFile } from "./lock.mjs";
import { checkSurroundings } from "./surroundings.mjs";
import { line, nothing, oneFailed, onePassed } from "./tally.mjs";
import { checkWords } from "./words.mjs";

/** The checks by name. Each returns or resolves to whether it passed, or to the reason why it can't run on this machine. */
const checks = {
  /** Type-checks the tests and the page; the build type-checks the sources. */
  types: () =>
    ["tsconfig.test.json", "examples/browser/tsconfig.json"]
      .map((project) => succeeds(runInstalled("typescript/bin/tsc", ["-p", project])))
      .every((passed) => passed),
  lint: () =>
    succeeds(
      runInstalled("@biomejs/biome/bin/biome", [
        "ci",
        "--error-on-warnings",
        `--colors=${process.stdout.isTTY ? "force" : "off"}`,
        ".",
      ]),
    ),
  layers: async () => none(await checkLayers(root)),
  surroundings: () => none(checkSurroundings(root)),
  lock: () => none(checkLockFile(root)),
  tables: () => succeeds(runProgram(process.execPath, ["scripts/tables.mjs", "--check"])),
  names: () => none(checkFileNames()),
  words: () => none(checkWords()),
  /** Compares the results of ONNX's conformance suites with the recorded ones. */
  conformance: () => {
    const { status } = runProgram(process.execPath, ["packages/onnx/conformance/main.mjs", "--check"]);
    return status === unavailable ? "the suites of onnx aren't here and can't be downloaded" : status === 0;
  },
  /** Checks that the Rust sources are formatted. */
  fmt: () => cargoCheck("fmt", ["--all", "--check"]),
  /** Runs clippy on the Rust sources and tests, in either build. */
  clippy: () =>
    cargoCheck("clippy", [...everything, ...denied]) &&
    cargoCheck("clippy", [...everything, "--features", "fused", ...denied]),
  /** Checks that the committed .wasm files were built from the Rust sources. */
  wasm: () =>
    findCargo() && hasProgram("wasm-pack")
      ? succeeds(runProgram("bash", ["scripts/check-wasm.sh"]))
      : "no Rust toolchain; npm run toolchain installs one",
};

/** Exit code of packages/onnx/conformance/main.mjs where it has no suites. */
const unavailable = 3;

/** What clippy looks at, and that it fails on warnings. */
const everything = ["--workspace", "--all-targets", "--locked", "--quiet"];
const denied = ["--", "-D", "warnings"];

const name = process.argv[2] ?? "";
if (!checkNames.includes(name) || !Object.hasOwn(checks, name)) {
  console.error(`check: expected one of ${checkNames.join(", ")}, got ${name || "nothing"}`);
  process.exit(2);
}
const result = await checks[name]();
const isSkipped = typeof result === "string";
console.log(`check ${name}: ${isSkipped ? `skipped: ${result}` : result ? "passed" : "FAILED"}`);
console.log(line(isSkipped ? { ...nothing, skipped: 1 } : result ? onePassed : oneFailed));
process.exitCode = result ? 0 : 1;

function succeeds({ status }) {
  return status === 0;
}

/** Prints breaches; returns whether there are none. */
function none(breaches) {
  for (const breach of breaches) console.log(breach);
  return breaches.length === 0;
}

/** Runs a cargo subcommand, or says why it can't be run. */
function cargoCheck(command, words) {
  const cargo = findCargo();
  if (!cargo) return "no Rust toolchain here; npm run toolchain installs one";
  const { program, env } = cargo;
  if (runProgram(program, [command, "--version"], { capture: true, env }).status !== 0) {
    return `${cargo.version} has no cargo ${command} here; npm run toolchain installs it on Debian, rustup component add elsewhere`;
  }
  return succeeds(runProgram(program, [command, ...words], { env }));
}

function hasProgram(name) {
  return (
    runProgram(name, ["--version"], { capture: true }).status === 0 ||
    existsSync(join(process.env.HOME ?? "", ".cargo/bin", name))
  );
}
