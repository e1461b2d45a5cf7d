import { has } from "@neft/options";
import type { ResultOrigin, Source } from "../files.js";
import type { Section } from "../section.js";
import { unique } from "../spec.js";
import type { Table } from "../table.js";

/** Settings by name; those within others have names with dots. */
function flattened(value: unknown, name = ""): [string, string][] {
  if (has(value) && !Array.isArray(value))
    return Object.entries(value).flatMap(([key, inner]) => flattened(inner, name === "" ? key : `${name}.${key}`));
  if (Array.isArray(value)) {
    const isPlain = value.every((one) => typeof one !== "object" || one === null);
    return [[name, isPlain ? value.map(word).join(", ") : JSON.stringify(value)]];
  }
  return [[name, word(value)]];
}

const word = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? "–"));

type WithOrigin = Source<ResultOrigin>;

/** Where results come from, beside their settings. */
const originRows: readonly [name: string, of: (file: ResultOrigin) => string | undefined][] = [
  ["model", ({ model }) => model.file],
  ["SHA-256 of the model", ({ model }) => model.sha256],
  ["data", ({ data }) => data?.name],
  ["samples", ({ data }) => data && String(data.samples)],
  ["neft", ({ versions }) => versions.neft],
  ["Node", ({ versions }) => versions.node],
  ["build", ({ build }) => build],
  ["workers", ({ run }) => String(run.workers)],
  ["seconds", ({ run }) => run.seconds.toFixed(1)],
];

/** Settings, versions and origins of all files, a column for each. */
export function settingsSection(sources: readonly Source[]): Section | undefined {
  const own = sources.filter((source): source is WithOrigin & Source => source.file.kind !== "study");
  if (own.length === 0) return undefined;
  const of = own.map(({ file }) => new Map(flattened(file.settings)));
  const names = unique(of.flatMap((settings) => [...settings.keys()]));
  const settings = names.map((name) => [name, ...of.map((one) => one.get(name) ?? null)]);
  const origin = originRows.map(([name, value]) => [name, ...own.map(({ file }) => value(file) ?? null)]);
  const differs = ([, ...values]: readonly unknown[]): boolean => unique(values).length > 1;
  const columns = [{ title: "" }, ...own.map(({ title }) => ({ title }))];
  const table = (id: string, title: string, rows: Table["rows"]): Table[] =>
    rows.length === 0 ? [] : [{ id, title, columns, rows, isFolded: true }];
  return {
    id: "settings",
    title: "Settings and versions",
    notes: [],
    charts: [],
    tables: [
      ...table("origin", "Origin", origin),
      ...(own.length === 1
        ? table("settings", "Settings", settings)
        : [
            ...table("settings-different", "Settings that differ", settings.filter(differs)),
            ...table(
              "settings-same",
              "Settings that are the same",
              settings.filter((row) => !differs(row)),
            ),
          ]),
    ],
  };
}
