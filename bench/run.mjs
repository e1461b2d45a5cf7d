// Runs the benches of README.md.
//   npm run bench                            all of them: at most 15 minutes on a quiet machine
//   npm run bench -- gemm monteCarlo         some of them; the others keep their last results
//   npm run bench -- --build relaxed --rounds 21 gemm
// Each bench runs in a separate process for each build. Writes results/latest.json; exits with 1 when a goal is missed or a
// bench fails.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { defaultRounds } from "./harness/contest.mjs";
import { commit, describeMachine } from "./harness/machine.mjs";
import { recordKey } from "./harness/record.mjs";
import { comparison, table } from "./harness/report.mjs";
import { readResults, writeResults } from "./harness/results.mjs";
import { topics } from "./topics.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { build: { type: "string" }, rounds: { type: "string", default: String(defaultRounds) } },
});
const names = positionals.length > 0 ? positionals : Object.keys(topics);
const rounds = Number(values.rounds);
const unknown = names.find((name) => !Object.hasOwn(topics, name));
if (unknown !== undefined) fail(`expected some of ${Object.keys(topics).join(", ")}, got ${unknown}`);
if (!Number.isInteger(rounds) || rounds < 1) fail(`--rounds: expected a whole number ≥ 1, got ${values.rounds}`);
if (!["simd128", "relaxed", undefined].includes(values.build)) fail(`--build: expected simd128 or relaxed`);

const machine = describeMachine();
const earlier = readResults(machine);
const records = [];
const failures = [];
const done = new Set();
const started = performance.now();
for (const name of names) {
  for (const build of topics[name].builds) {
    if (values.build && build !== values.build) continue;
    const begun = performance.now();
    console.error(`${name} (${build}) …`);
    const { rows, problem } = await runTopic(name, build);
    records.push(...rows);
    done.add(`${name} ${build}`);
    write();
    if (problem) failures.push(`${name} (${build}): ${problem}`);
    console.error(`${name} (${build}): ${((performance.now() - begun) / 1e3).toFixed(0)} s`);
  }
}

console.log(table(records));
console.log(comparison(records, earlier));
const missed = records.filter(({ met }) => met === false).length;
const met = records.filter(({ met }) => met === true).length;
const skipped = records.filter((record) => record.skipped).length;
for (const failure of failures) console.log(`FAILED ${failure}`);
const minutes = ((performance.now() - started) / 6e4).toFixed(1);
console.log(
  `${met} goals met, ${missed} missed, ${failures.length} benches failed, ${skipped} rows skipped, ${minutes} minutes`,
);
process.exitCode = missed + failures.length === 0 ? 0 : 1;

/** Writes the records so far, so that an interrupted run keeps them; figures that weren't measured keep their last records. */
function write() {
  const fresh = new Set(records.map(recordKey));
  const isReplaced = ({ bench, build }) => done.has(`${bench} ${build}`);
  // Read again: another run may have written results in the meantime.
  const kept = readResults(machine).filter((record) => !isReplaced(record) && !fresh.has(recordKey(record)));
  const order = Object.keys(topics);
  const all = [...kept, ...records].sort((a, b) => order.indexOf(a.bench) - order.indexOf(b.bench));
  const seconds = Math.round((performance.now() - started) / 1e3);
  writeResults({ machine, commit: commit(), rounds, seconds, records: all });
}

/** Runs one bench with one build; returns its records and, if it failed, the problem. */
async function runTopic(name, build) {
  const flags = [...(topics[name].nodeFlags ?? []), ...relaxedFlags(build)];
  const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), [name, build, String(rounds)], {
    execArgv: flags,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const rows = [];
  let errors = "";
  child.on("message", (record) => rows.push(record));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const [code, signal] = await new Promise((resolve) => child.on("close", (...ended) => resolve(ended)));
  if (code === 0) return { rows };
  const lines = errors.trim().split("\n");
  const problem = lines.find((line) => /Error: /.test(line)) ?? lines.at(-1);
  return { rows, problem: problem || `ended by ${signal ?? `code ${code}`}` };
}

/** Node flags for a build: Node 20 has relaxed SIMD behind a flag. */
function relaxedFlags(build) {
  const isHidden = Number(process.versions.node.split(".")[0]) < 22;
  return build === "relaxed" && isHidden ? ["--experimental-wasm-relaxed-simd"] : [];
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
