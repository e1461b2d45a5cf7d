// Times a session in Node, Chromium and Firefox, in turns: node bench/browser.mjs [rounds]. Needs built files and the browsers
// (npm run browsers). Writes results/browser.json.
//
// The scenario is that of the package's tests: two job workers, 20 chips × 1,000 images of MNIST twice, finetuning on 5,000 images, and
// 20 chips again. Every round opens new pages and starts a new process. Node's results and those of pages must be equal.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { browserNames, closeBrowsers, visit } from "../packages/neft/test/package/browsers.mjs";
import { writeData } from "../packages/neft/test/package/data.mjs";
import { isolation, serve } from "../packages/neft/test/package/server.mjs";
import { engines } from "../scripts/browser/suites.mjs";
import { commit, describeMachine } from "./harness/machine.mjs";

const root = join(import.meta.dirname, "..");
const tests = join(root, "packages/neft/test/package");
const rounds = Number(process.argv[2] ?? 7);

/** Goals: a page's time by Node's, first progress in ms, longest task of the page in ms. */
const goals = { ratio: 1.1, firstProgress: 200, longestTask: 100 };

/** A folder with the app and the assembled package. */
function writeApp() {
  const folder = mkdtempSync(join(tmpdir(), "neft-bench-"));
  execFileSync(process.execPath, [join(root, "packages/neft/scripts/assemble.mjs")]);
  cpSync(join(tests, "app"), folder, { recursive: true });
  cpSync(join(root, "packages/neft/dist/package"), join(folder, "node_modules/neft"), { recursive: true });
  mkdirSync(join(folder, "data"));
  writeData(join(folder, "data"));
  const page = readFileSync(join(folder, "index.html"), "utf8");
  const map = '<script type="importmap">{ "imports": { "neft": "/node_modules/neft/dist/browser.js" } }</script>\n    ';
  writeFileSync(join(folder, "index.html"), page.replace('<script type="module"', `${map}$&`));
  return folder;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rounded = (value) => Math.round(value * 10) / 10;

const folder = writeApp();
const server = await serve(folder, { headers: isolation });

async function runOnPage(name) {
  const { outcome, thrown, longestTask } = await visit(name, `${server.origin}/`);
  if (thrown) throw new Error(`browser: expected results in ${name}, got an error: ${thrown}`);
  return { ...outcome, longestTask };
}

const platforms = {
  node: async () =>
    JSON.parse(execFileSync(process.execPath, ["node.js", "data"], { cwd: folder, maxBuffer: 2 ** 26 }).toString()),
  ...Object.fromEntries(browserNames.map((name) => [name, () => runOnPage(name)])),
};

try {
  const runs = Object.fromEntries(Object.keys(platforms).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(platforms)) {
      runs[name].push(await run());
      if (!isDeepStrictEqual(runs[name].at(-1).results, runs.node[0].results))
        throw new Error(`browser: expected Node's results in ${name}, got others`);
      console.log(`round ${round + 1}: ${name}: ${rounded(runs[name].at(-1).times["evaluate again"])} ms`);
    }
  }
  const rows = Object.keys(runs.node[0].times).map((what) => {
    const times = Object.fromEntries(
      Object.entries(runs).map(([name, list]) => [name, rounded(median(list.map((one) => one.times[what])))]),
    );
    // Ratios within a round, so that a busy machine slows both.
    const ratioTo = (name) =>
      Math.round(100 * median(runs[name].map((one, i) => one.times[what] / runs.node[i].times[what]))) / 100;
    return { what, ...times, ratios: { chromium: ratioTo("chromium"), firefox: ratioTo("firefox") } };
  });
  const longestTask = rounded(Math.max(...runs.chromium.map((one) => one.longestTask)));
  const versionOf = (name) => execFileSync(engines[name].program, ["--version"], { stdio: "pipe" }).toString().trim();
  const versions = Object.fromEntries(browserNames.map((name) => [name, versionOf(name)]));
  const results = { machine: describeMachine(), versions, commit: commit(), rounds, goals, longestTask, rows };
  writeFileSync(join(import.meta.dirname, "results/browser.json"), `${JSON.stringify(results, null, 2)}\n`);
  console.table(rows.map(({ ratios, ...row }) => ({ ...row, ...ratios })));
  console.log(`longest task of the page in Chromium: ${longestTask} ms`);
} finally {
  await closeBrowsers();
  await server.close();
  rmSync(folder, { recursive: true });
}
