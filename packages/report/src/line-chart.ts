import { type Chart, quantity, type Spec, seriesChannels, titled, unique, withShownNames } from "./spec.js";
import { inks, style } from "./theme.js";

/** A point of a curve. */
export interface CurveRow {
  readonly series: string;
  /** A number, or a word such as an age. */
  readonly x: number | string;
  readonly y: number | null;
  /** Ends of the interval of the mean. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Percentiles over chips. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** The plot that it belongs to, where there are several. */
  readonly panel?: string | undefined;
  /** What distinguishes curves of the same series: solid for the first, dashed for others. */
  readonly kind?: string | undefined;
  /** Marked by a ring. */
  readonly isBest?: boolean | undefined;
  /** Curves with the same series, panel and kind that are drawn one by one, such as those of seeds. */
  readonly run?: string | undefined;
}

/** What a chart of curves shows. */
export interface LineChart {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly x: string;
  readonly y: string;
  readonly rows: readonly CurveRow[];
  /** Axes of each panel begin and end where its own values do. Default: all panels share them. */
  readonly ownAxes?: boolean;
  /** A level to compare with, drawn as a line. */
  readonly level?: number;
  /** Whether each panel is a series, whose name it has: no legend then. */
  readonly isNamedByPanel?: boolean;
  /** Whether steps rather than a few settings are on the x axis. */
  readonly isContinuous?: boolean;
}

/**
 * A chart of curves with bands: a dark one for the interval of the mean, a light one for percentiles, where the rows have them. Where all
 * points have the same x, series stand below one another instead.
 */
export function lineChart(given: LineChart): Chart {
  const rows = withShownNames(given.rows, ["series", "panel"]);
  const chart = { ...given, rows };
  const { id, title, about } = chart;
  const isSingle = unique(rows.map(({ x }) => x)).length === 1;
  const panels = unique(rows.flatMap(({ panel }) => panel ?? []));
  const columns = Math.min(panels.length, 2);
  const plot = { width: columns > 1 ? 300 : 560, height: columns > 1 ? 240 : 300 };
  const whole = columns > 1 ? 2 * plot.width + 60 : plot.width;
  const unit = isSingle ? { ...dots(chart), width: plot.width } : { ...curves(chart, whole), ...plot };
  const faceted = {
    facet: { field: "panel", type: "nominal", sort: panels, title: null },
    columns,
    spec: unit,
    // Plots stand in line, whatever their axes take.
    bounds: "flush",
    spacing: { row: 86, column: 84 },
    resolve: { axis: { x: "independent", y: "independent" }, ...(chart.ownAxes && { scale: { y: "independent" } }) },
  };
  return {
    id,
    about: `${title}. ${about}`,
    spec: {
      ...style,
      title: titled(title, about, whole + 40),
      data: { values: rows },
      ...(panels.length > 0 ? faceted : unit),
    },
  };
}

/** Curves against x. */
function curves(
  { rows, x: xTitle, y: yTitle, level, isContinuous = false, isNamedByPanel = false }: LineChart,
  width: number,
): Spec {
  const has = (name: keyof CurveRow): boolean => rows.some((row) => row[name] !== undefined);
  const names = unique(rows.map((row) => row.series));
  const series = seriesChannels(names, width, !isNamedByPanel);
  // The more bands lie upon each other, the lighter they are.
  const opacity = names.length <= 2 ? 0.3 : names.length <= 4 ? 0.2 : 0.12;
  const { color } = series;
  const positions = unique(rows.map(({ x }) => x));
  const isWord = typeof positions[0] === "string";
  const few = !isContinuous && !isWord && positions.length <= 10;
  const x = {
    field: "x",
    title: xTitle,
    ...(isWord
      ? { type: "ordinal", sort: null, axis: { labelAngle: 0, labelOverlap: true } }
      : {
          type: "quantitative",
          axis: isContinuous
            ? { format: ",~f", tickMinStep: 1, labelOverlap: true }
            : // A format would round σ such as 0.125.
              { ...(few && { values: positions }), labelExpr: "toString(datum.value)", labelOverlap: true },
          scale: { zero: false, nice: false, padding: 10 },
        }),
  };
  const y = (field: string): Spec => quantity(field, yTitle);
  const kinds = unique(rows.flatMap(({ kind }) => kind ?? []));
  const band = (from: string, to: string, opacity: number): Spec => ({
    transform: [{ filter: `isValid(datum.${from})` }],
    mark: { type: "area", opacity },
    // Curves of a series have a band each.
    encoding: {
      x,
      y: y(from),
      y2: { field: to },
      color,
      ...(kinds.length > 0 && { detail: { field: "kind", type: "nominal" } }),
    },
  });
  const dash = {
    field: "kind",
    type: "nominal",
    sort: kinds,
    scale: { domain: kinds, range: kinds.map((_, i) => (i === 0 ? [1, 0] : [5, 4])) },
    legend: {
      orient: "top",
      title: null,
      labelLimit: 400,
      symbolStrokeColor: inks.ink,
      symbolType: "stroke",
      symbolSize: 300,
    },
  };
  const detail = has("run") ? { detail: { field: "run", type: "nominal" } } : {};
  return {
    layer: [
      ...(level === undefined
        ? []
        : [{ mark: { type: "rule", stroke: inks.line, strokeWidth: 1.5 }, encoding: { y: { datum: level } } }]),
      ...(has("from") ? [band("from", "to", 0.14)] : []),
      ...(has("low") ? [band("low", "high", isNamedByPanel ? 0.3 : opacity)] : []),
      {
        mark: { type: "line", strokeWidth: has("run") ? 1.3 : 2 },
        encoding: { x, y: y("y"), color, ...(kinds.length > 0 && { strokeDash: dash }), ...detail },
      },
      ...(isContinuous && positions.length > 30
        ? []
        : [{ mark: { type: "point", filled: true, size: 50, opacity: 1 }, encoding: { x, y: y("y"), ...series } }]),
      ...(has("isBest")
        ? [
            {
              transform: [{ filter: "datum.isBest === true" }],
              mark: { type: "point", filled: false, size: 170, strokeWidth: 2, opacity: 1 },
              encoding: { x, y: y("y"), color },
            },
          ]
        : []),
    ],
  };
}

/** A row for each series: the mean, its interval as a thick line, percentiles as a thin one. */
function dots({ rows, y: title, level }: LineChart): Spec {
  const has = (name: keyof CurveRow): boolean => rows.some((row) => row[name] !== undefined);
  const names = unique(rows.map(({ series }) => series));
  const kinds = unique(rows.flatMap(({ kind }) => kind ?? []));
  const { color, shape } = seriesChannels(names, 0, false);
  const y = { field: "series", type: "nominal", sort: names, title: null };
  const x = (field: string): Spec => quantity(field, title);
  const channels = { color };
  const range = (from: string, to: string, strokeWidth: number): Spec => ({
    transform: [{ filter: `isValid(datum.${from})` }],
    mark: { type: "rule", strokeWidth, opacity: 0.7 },
    encoding: { y, x: x(from), x2: { field: to }, ...channels },
  });
  const byKind = {
    field: "kind",
    type: "nominal",
    sort: kinds,
    scale: { domain: kinds, range: ["circle", "diamond", "square"] },
    legend: { orient: "top", title: null, labelLimit: 400, symbolFillColor: inks.ink, symbolStrokeWidth: 0 },
  };
  return {
    height: { step: 34 },
    layer: [
      ...(level === undefined
        ? []
        : [{ mark: { type: "rule", stroke: inks.line, strokeWidth: 1.5 }, encoding: { x: { datum: level } } }]),
      ...(has("from") ? [range("from", "to", 1.5)] : []),
      ...(has("low") ? [range("low", "high", 5)] : []),
      {
        mark: { type: "point", filled: true, size: 90, opacity: 1 },
        encoding: { y, x: x("y"), ...channels, shape: kinds.length > 0 ? byKind : shape },
      },
    ],
  };
}
