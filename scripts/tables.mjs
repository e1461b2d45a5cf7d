// README's tables, made of the result files of examples/ and bench/, so that no number there is typed by hand.
//   node scripts/tables.mjs           writes them anew
//   node scripts/tables.mjs --check   says which are stale; exits with 1 when any is
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "./command.mjs";

/** Each table: the committed results it is made of, and how. */
export const tables = {
  demo: { results: "examples/quickstart/results/results.json", lines: demoTable },
  baselines: { results: "bench/results/baselines.json", lines: baselinesTable },
  bench: { results: "bench/results/latest.json", lines: benchTable },
};

/**
 * A text with the tables between its markers (`<!-- table: demo -->` … `<!-- end -->`) made anew.
 *
 * @param {string} text
 * @param {(file: string) => unknown} read  the parsed results in a file, undefined where there is none.
 * @throws {Error} for a marker no table has, or one without its end.
 */
export function withTables(text, read) {
  return text.replace(/(<!-- table: (\w+) -->\n)([\s\S]*?)(<!-- end -->)/g, (_, begin, name, old, end) => {
    if (!Object.hasOwn(tables, name))
      throw new Error(`table ${name}: expected one of ${Object.keys(tables).join(", ")}`);
    if (old.includes("<!-- table: "))
      throw new Error(`table ${name}: expected <!-- end --> before the next table, got none`);
    const results = read(tables[name].results);
    return results ? `${begin}${tables[name].lines(results).join("\n")}\n${end}` : `${begin}${old}${end}`;
  });
}

function markdown(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

const percent = (value) => value.toFixed(2);

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

/** The rows are by part of the comparison. */
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

/** What has a goal, in the default build; of single products and layers, which are many, only means, sums and counts. */
function benchTable({ records }) {
  const isOneOfMany = ({ bench, what }) =>
    /^(gemm|convolution|variation)$/.test(bench) && !/mean|all layers|that reach/.test(what);
  const rows = records.filter((row) => row.goal && !row.skipped && row.build === "simd128" && !isOneOfMany(row));
  const head = ["what", "here", "unit", "against", "ratio", "goal", ""];
  const number = (value) => (value === null || value === undefined ? "" : String(Number(value.toPrecision(3))));
  return markdown(
    head,
    rows.map(({ bench, what, ours, unit, peer, peerName, ratio, goal, met }) => [
      `${bench}: ${what}`,
      number(ours),
      unit,
      peerName ? `${peerName} ${number(peer)}` : "",
      number(ratio),
      goal ?? "",
      met === null || met === undefined ? "" : met ? "met" : "**missed**",
    ]),
  );
}

/** README with fresh tables. */
export function freshReadme() {
  const read = (file) => {
    const path = join(root, file);
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
  };
  const file = join(root, "README.md");
  const text = readFileSync(file, "utf8");
  return { file, text, fresh: withTables(text, read) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { file, text, fresh } = freshReadme();
  if (process.argv[2] === "--check") {
    if (text !== fresh)
      console.error("README.md: expected the tables that the result files give, got others; run npm run tables");
    process.exitCode = text === fresh ? 0 : 1;
  } else writeFileSync(file, fresh);
}
