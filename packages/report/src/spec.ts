import { oneLine, shortened } from "@neft/options";
import { coloursOf, shapesOf } from "./theme.js";

/** A Vega-Lite spec: plain data. */
export type Spec = Readonly<Record<string, unknown>>;

/** A chart of a report. */
export interface Chart {
  /** Name of its files: letters, digits and hyphens; unique in a report. */
  readonly id: string;
  /** What it shows, for readers who can't see it. */
  readonly about: string;
  readonly spec: Spec;
}

/** Characters of a name in a legend or beside an axis. */
const mostCharacters = 44;

/** A text from outside as charts show it: on one line, shortened. */
export const shown = (text: string): string => shortened(oneLine(text), mostCharacters);

/** Names as charts and tables show them, each different. */
export function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map(shown).map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

/** Rows whose names, in the given fields, are as charts show them. */
export function withShownNames<Row extends object>(
  rows: readonly Row[],
  fields: readonly (keyof Row & string)[],
): Row[] {
  const names = fields.map((field) => {
    const given = unique(rows.flatMap((row) => (typeof row[field] === "string" ? [row[field] as string] : [])));
    const made = distinct(given);
    return [field, new Map(given.map((name, i) => [name, made[i]!]))] as const;
  });
  return rows.map((row) => {
    const changed = names.flatMap(([field, of]) => {
      const name = of.get(row[field] as string);
      return name === undefined ? [] : [[field, name] as const];
    });
    return { ...row, ...Object.fromEntries(changed) };
  });
}

/** Width of a character of 12 pixels on average, in pixels; Vega measures texts alike. */
const characterWidth = 6.8;

/** Lines of at most `width` pixels. */
function wrapped(text: string, width: number): string[] {
  const most = Math.floor(width / characterWidth);
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A chart's title, and sentences below it within `width` pixels. */
export const titled = (text: string, about: string, width: number): Spec => ({
  text: wrapped(oneLine(text), width * 0.8),
  subtitle: wrapped(oneLine(about), width),
  anchor: "start",
  fontSize: 15,
  subtitleFontSize: 12,
  subtitlePadding: 6,
  offset: 12,
});

/** Channels that tell series apart. A legend stands above a plot of `width` pixels; a single series has none. */
export function seriesChannels(
  names: readonly string[],
  width: number,
  hasLegend = true,
): { readonly color: Spec; readonly shape: Spec } {
  const longest = Math.max(...names.map((name) => name.length));
  const legend =
    names.length < 2 || !hasLegend
      ? null
      : {
          orient: "top",
          title: null,
          columns: Math.max(1, Math.floor(width / (30 + longest * characterWidth))),
          labelLimit: 400,
          columnPadding: 16,
          symbolOpacity: 1,
          symbolSize: 70,
          symbolStrokeWidth: 0,
        };
  const channel = (range: readonly string[]): Spec => ({
    field: "series",
    type: "nominal",
    sort: names,
    scale: { domain: names, range },
    legend,
  });
  return { color: channel(coloursOf(names.length)), shape: channel(shapesOf(names.length)) };
}

/** A quantity on an axis that needn't begin at 0. */
export const quantity = (field: string, title: string | null, more: Spec = {}): Spec => ({
  field,
  type: "quantitative",
  title,
  scale: { zero: false, nice: true },
  ...more,
});

/** Values in their first order, each once. */
export const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
