import { type Chart, distinct, quantity, titled } from "./spec.js";
import { inks, palette, style } from "./theme.js";

/** A number of a layer before and after. */
export interface RangeRow {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** A row for each layer: a ring before, a dot after, and a line between them. */
export function rangeChart({
  id,
  title,
  about,
  x: xTitle,
  rows,
}: {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly x: string;
  readonly rows: readonly RangeRow[];
}): Chart {
  const width = 520;
  const names = distinct(rows.map(({ name }) => name));
  const y = { field: "name", type: "nominal", sort: names, title: null };
  const x = (field: string): object => quantity(field, xTitle, { scale: { zero: true, nice: true } });
  return {
    id,
    about: `${title}. ${about}`,
    spec: {
      ...style,
      title: titled(title, about, width),
      data: { values: rows.map((row, i) => ({ ...row, name: names[i] })) },
      width,
      height: { step: 24 },
      layer: [
        {
          mark: { type: "rule", stroke: inks.line, strokeWidth: 1.5 },
          encoding: { y, x: x("before"), x2: { field: "after" } },
        },
        {
          mark: { type: "point", filled: false, size: 80, stroke: palette.vermilion, strokeWidth: 2, opacity: 1 },
          encoding: { y, x: x("before") },
        },
        {
          mark: { type: "point", filled: true, size: 80, fill: palette.blue, opacity: 1 },
          encoding: { y, x: x("after") },
        },
      ],
    },
  };
}
