// Generates the tables of README.md and docs/ from the result files of examples/ and bench/.
//   node scripts/tables.mjs           updates the documents
//   node scripts/tables.mjs --check   lists documents with stale tables; exits with 1 if there are any
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keyOf } from "../bench/harness/cells.mjs";
import { tableOfCells } from "../bench/harness/equalise-table.mjs";
import { parseResults, resultFiles } from "../bench/harness/results.mjs";
import { root } from "./command.mjs";

/** Documents with tables. */
const documents = ["README.md", "docs/results.md", "docs/performance.md", "docs/equalise.md", "docs/metrics.md"];

/** Tables by name: the result files, of which only the first is required, and the function that returns the table's lines. */
export const tables = {
  headline: {
    files: ["examples/quickstart/results/results.json", "bench/results/latest.json"],
    lines: headlineTable,
  },
  demo: { files: ["examples/quickstart/results/results.json"], lines: demoTable },
  baselines: { files: ["bench/results/baselines.json"], lines: baselinesTable },
  bench: { files: resultFiles().map((name) => `bench/results/${name}`), lines: benchTable },
  coverage: { files: ["bench/results/coverage.json"], lines: coverageTable },
  pages: { files: ["bench/results/browser.json"], lines: pagesTable },
  equalise: {
    files: ["bench/results/equalise.json"],
    lines: ({ cells }) => tableOfCells(new Map(cells.map((cell) => [keyOf(cell), cell]))),
  },
};

/**
 * Regenerates the tables between markers (`<!-- table: demo -->` … `<!-- end -->`) in a text. A table without results is kept.
 *
 * @param {string} text
 * @param {(file: string) => unknown} read  returns the parsed results in a file; undefined when it doesn't exist.
 * @throws {Error} for an unknown table, or a marker without an end.
 */
export function withTables(text, read) {
  return text.replace(/(<!-- table: (\w+) -->\n)([\s\S]*?)(<!-- end -->)/g, (_, begin, name, old, end) => {
    if (!Object.hasOwn(tables, name))
      throw new Error(`table ${name}: expected one of ${Object.keys(tables).join(", ")}`);
    if (old.includes("<!-- table: "))
      throw new Error(`table ${name}: expected <!-- end --> before the next table, got none`);
    const [first, ...others] = tables[name].files.map(read);
    if (!first) return `${begin}${old}${end}`;
    return `${begin}${tables[name].lines(first, ...others.filter(Boolean)).join("\n")}\n${end}`;
  });
}

function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

const percent = (value) => value.toFixed(2);

function coverageTable({ coverage }) {
  return markdown(
    ["interval", "true value", "covers it, %"],
    coverage.map(({ what, truth, covered }) => [what, String(Number(truth.toPrecision(4))), percent(100 * covered)]),
  );
}

function demoTable({ settings: { sigmas, trainedSigma }, rows }) {
  const at = (row, sigma) => row.results.find((result) => result.sigma === sigma).accuracy;
  const head = ["", "digital", ...sigmas.map((sigma) => `σ ${sigma}`), `worst chip at σ ${trainedSigma}`];
  return markdown(
    head,
    rows.map((row) => [
      row.name,
      percent(row.digital.accuracy),
      ...sigmas.map(
        (sigma) =>
          `${percent(at(row, sigma).mean)} ± ${percent((at(row, sigma).ci95[1] - at(row, sigma).ci95[0]) / 2)}`,
      ),
      percent(at(row, trainedSigma).worst),
    ]),
  );
}

/** Lines of the table of baselines; `rows` are grouped by part. */
function baselinesTable({ rows }) {
  const head = ["", "here", "reference", "interval", ""];
  return markdown(
    head,
    Object.values(rows)
      .flat()
      .filter(({ skipped }) => !skipped)
      .map(({ what, ours, reference, interval, inside }) => [
        what,
        percent(ours),
        percent(reference),
        interval.map(percent).join(" – "),
        inside ? "inside" : "**outside**",
      ]),
  );
}

/** Lines of the table of pages against Node. A ratio or a time that misses its goal is bold. */
function pagesTable({ rows, goals, longestTask }) {
  const bold = (text, isMet) => (isMet ? text : `**${text}**`);
  const first = rows.map(({ what, node, chromium, firefox, ratios }) => {
    const isProgress = what.endsWith("first progress");
    const page = (name, ms) =>
      isProgress
        ? bold(`${ms} ms`, ms <= goals.firstProgress)
        : `${ms} ms (${bold(`${ratios[name]} ×`, what === "start" || ratios[name] <= goals.ratio)})`;
    return [what, `${node} ms`, page("chromium", chromium), page("firefox", firefox)];
  });
  const longest = ["longest task of the page", "", bold(`${longestTask} ms`, longestTask <= goals.longestTask), ""];
  return markdown(["", "Node", "Chromium", "Firefox"], [...first, longest]);
}

/**
 * Lines of the bench table: records of the default build that have a goal, for every machine. Records of single products and layers
 * are left out; their means, sums and counts are included.
 */
export function benchTable(...machines) {
  const isOneOfMany = ({ bench, what }) =>
    /^(gemm|convolution|variation)$/.test(bench) && !/mean|all layers|that reach/.test(what);
  const rowsOf = ({ records }) => records.filter((row) => row.goal && row.build === "simd128" && !isOneOfMany(row));
  // Without versions and thread counts, which differ between machines.
  const peerOf = ({ peerName }) => (peerName ?? "").replace(/ \d+\.\d\S*/, "").replace(/, \d+ threads.*/, "");
  const keyOf = (row) => [row.bench, row.what, peerOf(row)].join(" | ");
  const byKey = machines.map((results) => new Map(rowsOf(results).map((row) => [keyOf(row), row])));
  const keys = [...new Set(byKey.flatMap((rows) => [...rows.keys()]))];
  const shortCpu = (cpu) => cpu.replace(/\((R|TM)\)/g, "").replace(/ Processor$/, "");
  const names = machines.map(({ machine: { cpu, node } }) => `${shortCpu(cpu)}, Node ${node.replace("v", "")}`);
  const number = (value) => (value === null || value === undefined ? "" : String(Number(value.toPrecision(3))));
  const cells = (row) => {
    if (!row) return ["", ""];
    return [`${number(row.ours)} ${row.unit}`.trim(), row.met ? number(row.ratio) : `**${number(row.ratio)}**`];
  };
  const head = ["what", "against", "goal", ...names.flatMap((name) => [name, "ratio"])];
  return markdown(
    head,
    keys.map((key) => {
      const row = byKey.find((rows) => rows.has(key)).get(key);
      return [`${row.bench}: ${row.what}`, peerOf(row), row.goal, ...byKey.flatMap((rows) => cells(rows.get(key)))];
    }),
  );
}

/**
 * Lines of README.md's table of five headline results.
 * @throws {Error} when the results lack one of them.
 */
export function headlineTable({ settings, rows }, bench) {
  const sigma = settings.sigmas.at(-1);
  const accuracy = (name) => {
    const row = rows.find((one) => one.name === name);
    return `${percent(row.results.find((one) => one.sigma === sigma).accuracy.mean)} %`;
  };
  const measured = (name, what, peer) => {
    const found = bench?.records.find(
      (one) => one.build === "simd128" && one.bench === name && one.what === what && one.peerName?.startsWith(peer),
    );
    if (!found) throw new Error(`table headline: expected the bench row "${name}: ${what}" against ${peer}, got none`);
    return found;
  };
  const step = measured("lenetStep", "noise injection step, batch 128", "PyTorch");
  const chips = measured("monteCarlo", "LeNet-5, 10,000 images, 2 workers", "PyTorch");
  const wasm = measured("size", "simd128.wasm, gzipped", "limit");
  const three = (value) => String(Number(value.toPrecision(3)));
  const digital = percent(rows[0].digital.accuracy);
  return markdown(
    ["", "measured", ""],
    [
      [`LeNet-5 on \`rram1\` chips at σ ${sigma}, as imported`, accuracy("as imported"), `${digital} % digitally`],
      [
        "after one epoch of OVF; of noise injection with clipping",
        `${accuracy("OVF")}; ${accuracy("noise injection, clip 2")}`,
        "20 chips, MNIST's 10,000 test images",
      ],
      [
        "Monte Carlo, a chip being 10,000 images",
        `${three(chips.ours)} chips/s`,
        `${three(chips.ratio)} × PyTorch on the same two cores`,
      ],
      [
        "training step with variation, LeNet-5, batch 128",
        `${three(step.ours)} ms`,
        `${three(step.ratio)} of PyTorch's time`,
      ],
      ["WebAssembly, gzipped", `${three(wasm.ours)} ${wasm.unit}`, "one file for every platform"],
    ],
  );
}

/** Every document's name, path, current text and text with regenerated tables. */
export function freshDocuments() {
  const read = (file) => {
    const path = join(root, file);
    if (!existsSync(path)) return undefined;
    const text = readFileSync(path, "utf8");
    return tables.bench.files.includes(file) ? parseResults(text, file) : JSON.parse(text);
  };
  return documents.map((name) => {
    const file = join(root, name);
    const text = readFileSync(file, "utf8");
    return { name, file, text, fresh: withTables(text, read) };
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = freshDocuments().filter(({ text, fresh }) => text !== fresh);
  if (process.argv[2] === "--check") {
    for (const { name } of stale)
      console.error(`${name}: expected tables that match the result files, got stale ones; run npm run tables`);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } else for (const { file, fresh } of stale) writeFileSync(file, fresh);
}
