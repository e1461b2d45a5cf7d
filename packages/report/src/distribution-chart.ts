import { type Chart, quantity, seriesChannels, titled, unique, withShownNames } from "./spec.js";
import { inks, style } from "./theme.js";

/** A value of a chip. */
export interface ChipRow {
  readonly series: string;
  readonly panel: string;
  readonly value: number;
}

/** What a chart of distributions shows. */
export interface DistributionChart {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly x: string;
  readonly rows: readonly ChipRow[];
}

/** A tick for each chip and a box for each series, in a plot for each panel. */
export function distributionChart({ id, title, about, x: xTitle, rows: given }: DistributionChart): Chart {
  const rows = withShownNames(given, ["series", "panel"]);
  const names = unique(rows.map(({ series }) => series));
  const panels = unique(rows.map(({ panel }) => panel));
  const columns = Math.min(panels.length, names.length > 1 ? 2 : 3);
  const width = [560, 280, 180][columns - 1]!;
  const { color } = seriesChannels(names, 0, false);
  const hasNames = names.length > 1;
  const y = { field: "series", type: "nominal", sort: names, title: null, ...(!hasNames && { axis: null }) };
  const x = quantity("value", xTitle);
  const channels = { x, y, color };
  return {
    id,
    about: `${title}. ${about}`,
    spec: {
      ...style,
      title: titled(title, about, width * columns + (hasNames ? 160 : 60)),
      data: { values: rows },
      facet: { field: "panel", type: "nominal", sort: panels, title: null },
      columns,
      spec: {
        width,
        height: { step: 34 },
        layer: [
          { mark: { type: "tick", thickness: 1, size: 22, opacity: 0.45 }, encoding: channels },
          {
            mark: {
              type: "boxplot",
              extent: "min-max",
              size: 12,
              box: { opacity: 0.55 },
              median: { stroke: inks.ink, strokeWidth: 2 },
              rule: { stroke: inks.quiet, strokeWidth: 1 },
            },
            encoding: channels,
          },
        ],
      },
      resolve: { scale: { x: "independent" }, axis: { x: "independent" } },
    },
  };
}
