// The checks of npm run check, each with its findings; ends with "N passed, N failed".
//   node scripts/check.mjs [name…]   types, lint, layers, surroundings, lock, tables, wasm; all of them when none is named
import { existsSync } from "node:fs";
import { join } from "node:path";
import { findCargo } from "./cargo.mjs";
import { root, runInstalled, runProgram } from "./command.mjs";
import { checkLayers } from "./layers.mjs";
import { checkLockFile } from "./lock.mjs";
import { checkSurroundings } from "./surroundings.mjs";
import { line, nothing, oneFailed, onePassed, sum } from "./tally.mjs";

/** Each resolves to true, false, or a sentence that says why it can't be done here. */
const checks = {
  /** Sources are compiled by the build; here come the tests. */
  types: () => succeeds(runInstalled("typescript/bin/tsc", ["-p", "tsconfig.test.json"])),
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
  /** The committed .wasm files are what the Rust sources make. */
  wasm: () =>
    findCargo() && hasProgram("wasm-pack")
      ? succeeds(runProgram("bash", ["scripts/check-wasm.sh"]))
      : "no Rust toolchain here; npm run toolchain installs one",
};

const names = process.argv.slice(2);
const unknown = names.find((name) => !Object.hasOwn(checks, name));
if (unknown !== undefined) {
  console.error(`check: expected ${Object.keys(checks).join(", ")}, got ${unknown}`);
  process.exit(2);
}

let total = nothing;
for (const [name, check] of Object.entries(checks)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`check ${name} …`);
  const result = await check();
  const skipped = typeof result === "string";
  console.log(`check ${name}: ${skipped ? `skipped: ${result}` : result ? "passed" : "FAILED"}`);
  total = sum(total, skipped ? { ...nothing, skipped: 1 } : result ? onePassed : oneFailed);
}
console.log(line(total));
process.exitCode = total.failed === 0 ? 0 : 1;

function succeeds({ status }) {
  return status === 0;
}

function none(breaches) {
  for (const breach of breaches) console.log(breach);
  return breaches.length === 0;
}

function hasProgram(name) {
  return (
    runProgram(name, ["--version"], { capture: true }).status === 0 ||
    existsSync(join(process.env.HOME ?? "", ".cargo/bin", name))
  );
}
