// Results as text.
import { shortened } from "@neft/options";
import { loosened } from "./loosened.mjs";

/** Results of a case, in the order of the report's columns. */
const kinds = ["pass", "fail", "refused"];

/**
 * A table of the suites, then the failed cases, the reasons of refusals with how many cases each has, and the cases that are judged by other
 * tolerances than the suite's.
 *
 * @param {readonly import("./processes.mjs").Row[]} rows
 * @param {{ verbose?: boolean }} [options]  verbose: lists every case first.
 * @returns {string}
 */
export function reportOf(rows, { verbose = false } = {}) {
  const failed = rows.filter(({ result }) => result === "fail");
  const sections = [
    verbose ? aligned(rows.map((row) => [row.result, nameOf(row), row.reason ?? ""])) : "",
    suiteTable(rows),
    failed.length > 0 ? `Failed:\n${failed.map((row) => `  ${nameOf(row)}: ${row.reason}`).join("\n")}` : "",
    refusals(rows),
    otherTolerances(rows),
  ];
  return sections.filter((text) => text !== "").join("\n\n");
}

const nameOf = ({ suite, name }) => `${suite}/${name}`;

function otherTolerances(rows) {
  const lines = rows.map(nameOf).flatMap((name) => {
    if (!Object.hasOwn(loosened, name)) return [];
    const { reason, ...tolerances } = loosened[name];
    const given = Object.entries(tolerances).map(([key, value]) => `${key} ${value}`);
    return [`  ${name}: ${given.join(", ")}: ${reason}`];
  });
  return lines.length > 0 ? `Other tolerances:\n${lines.join("\n")}` : "";
}

function suiteTable(rows) {
  const suites = [...new Set(rows.map(({ suite }) => suite))];
  const counts = (of) => [...kinds.map((kind) => of.filter(({ result }) => result === kind).length), of.length];
  const body = suites.map((suite) => [suite, ...counts(rows.filter((row) => row.suite === suite))]);
  return aligned([["suite", ...kinds, "cases"], ...body, ...(suites.length > 1 ? [["all", ...counts(rows)]] : [])]);
}

function refusals(rows) {
  const groups = new Map();
  for (const row of rows.filter(({ result }) => result === "refused")) {
    const reason = commonReason(row.reason);
    groups.set(reason, [...(groups.get(reason) ?? []), row]);
  }
  if (groups.size === 0) return "";
  const body = [...groups]
    .sort(([a, first], [b, second]) => second.length - first.length || (a < b ? -1 : 1))
    .map(([reason, cases]) => [cases.length, reason, nameOf(cases[0])]);
  return `Refused:\n${aligned([["cases", "reason", "for example"], ...body])}`;
}

/** Limit on the length of a reason in the table, in characters. */
const maxReason = 110;

/** A reason without what is the case's alone: names of nodes and values, shapes, repetitions. */
export function commonReason(reason) {
  const common = reason
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, "…")
    .replaceAll(/\[[^\]]*\]/g, "[…]")
    .replaceAll(/\bnode … \(([^)]*)\)/g, "$1")
    .replaceAll(/ \((?:node|\d+ nodes, first) …\)/g, "")
    .replaceAll(/\b(\w+)(?:, \1\b)+/g, "$1");
  return shortened(common, maxReason);
}

/**
 * The operators that are missing, by the number of cases that need them. A case can need several; `alone` counts those that need no other.
 *
 * @param {readonly import("./processes.mjs").Row[]} rows
 * @returns {string}
 */
export function missingReport(rows) {
  const counts = new Map();
  for (const { missing = [] } of rows) {
    for (const name of missing) {
      const { cases, alone } = counts.get(name) ?? { cases: 0, alone: 0 };
      counts.set(name, { cases: cases + 1, alone: alone + Number(missing.length === 1) });
    }
  }
  if (counts.size === 0) return "No case needs an operator that is missing.";
  const body = [...counts]
    .sort(([a, one], [b, other]) => other.cases - one.cases || other.alone - one.alone || (a < b ? -1 : 1))
    .map(([name, { cases, alone }]) => [name, cases, alone]);
  return aligned([["operator", "cases", "alone"], ...body]);
}

/** Rows of cells as lines. Columns are as wide as their widest cell; numbers are right-aligned with their heading. */
function aligned(rows) {
  const isNumber = (column) => typeof rows.at(-1)[column] === "number";
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)));
  const cell = (value, column) =>
    isNumber(column) ? String(value).padStart(widths[column]) : String(value).padEnd(widths[column]);
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}
