import { mean } from "@neft/evaluation";
import { type CurveRow, lineChart } from "../line-chart.js";
import { type Chart, shown, unique } from "../spec.js";
import type { StudyFile } from "../study.js";
import { type CellSummary, differencesFrom, type StudyCell } from "../study-summary.js";
import { metricWords } from "./metrics.js";

const across = "device σ, relative to full scale";

/** A panel's name where there are several. */
const panelsOf = (cells: readonly { readonly panel: string }[]): ((panel: string) => { panel?: string }) =>
  unique(cells.map(({ panel }) => panel)).length > 1 ? (panel) => ({ panel }) : () => ({});

export function accuracyChart(
  id: string,
  cells: readonly StudyCell[],
  summaries: ReadonlyMap<StudyCell, CellSummary>,
): Chart {
  const inPanel = panelsOf(cells);
  const methods = unique(cells.map(({ method }) => method));
  const hasBands = methods.length <= 2;
  const measured = cells.map((cell): CurveRow => {
    const { mean: y, interval, from, to } = summaries.get(cell)!;
    const bands = { ...(interval && { low: interval[0], high: interval[1] }), ...(hasBands && { from, to }) };
    return { series: cell.method, x: cell.sigma, y, ...bands, ...inPanel(cell.panel) };
  });
  const hasZero = (cell: StudyCell): boolean =>
    cells.some((one) => one.panel === cell.panel && one.method === cell.method && one.sigma === 0);
  const clean = unique(cells.map(({ panel, method }) => JSON.stringify([panel, method]))).flatMap((key): CurveRow[] => {
    const cell = cells.find((one) => JSON.stringify([one.panel, one.method]) === key)!;
    if (hasZero(cell)) return [];
    const y = mean(cell.rows.map(({ digital }) => digital));
    return [{ series: cell.method, x: 0, y, low: y, high: y, ...inPanel(cell.panel) }];
  });
  return lineChart({
    id: `${id}-accuracy`,
    title: "Accuracy against device variation",
    about: `Mean over seeds and chips with its 95 % interval (band)${hasBands ? "; light: 5th to 95th percentile of the chips of all seeds" : ""}. σ 0 is the digital network.`,
    x: across,
    y: "accuracy (%)",
    rows: [...clean, ...measured],
    ownAxes: true,
  });
}

export function differenceChart(id: string, cells: readonly StudyCell[], baseline: string): Chart[] {
  const inPanel = panelsOf(cells);
  const rows = differencesFrom(cells, baseline).flatMap(({ cell, difference }): CurveRow[] => {
    if (difference === null) return [];
    const { mean: y, half } = difference;
    const interval = half === null ? {} : { low: y - half, high: y + half };
    return [{ series: cell.method, x: cell.sigma, y, ...interval, ...inPanel(cell.panel) }];
  });
  if (rows.length === 0) return [];
  return [
    lineChart({
      id: `${id}-differences`,
      title: `Difference from ${shown(baseline)}`,
      about: `Accuracy less that of ${shown(baseline)} on the same chips and seeds, with its 95 % interval (band). Where it doesn't reach the line at 0, the methods differ.`,
      x: across,
      y: "difference (points)",
      rows,
      level: 0,
      ownAxes: true,
    }),
  ];
}

export function convergenceChart(id: string, curves: NonNullable<StudyFile["curves"]>): Chart[] {
  const inPanel = panelsOf(curves.map(({ model, device }) => ({ panel: `${model}, ${device}` })));
  const rows = curves.flatMap(({ model, method, device, seed, validations }) =>
    validations.flatMap(({ step, accuracy }): CurveRow[] => {
      if (accuracy === undefined) return [];
      return [{ series: method, x: step, y: accuracy, run: `${method} ${seed}`, ...inPanel(`${model}, ${device}`) }];
    }),
  );
  if (rows.length === 0) return [];
  return [
    lineChart({
      id: `${id}-convergence`,
      title: "Convergence",
      about: "Mean accuracy on the validation chips, a line for each seed.",
      x: "training step",
      y: "accuracy (%)",
      rows,
      isContinuous: true,
      ownAxes: true,
    }),
  ];
}

/** The 5th percentile, which the bands of many methods would hide. */
export function percentileChart(
  id: string,
  cells: readonly StudyCell[],
  summaries: ReadonlyMap<StudyCell, CellSummary>,
): Chart {
  const inPanel = panelsOf(cells);
  return lineChart({
    id: `${id}-p5`,
    title: "The worst chips",
    about: "5th percentile of the accuracy of the chips of all seeds.",
    x: across,
    y: "accuracy (%)",
    rows: cells.map((cell) => {
      return { series: cell.method, x: cell.sigma, y: summaries.get(cell)!.from, ...inPanel(cell.panel) };
    }),
    ownAxes: true,
  });
}

/** Metrics of accuracies, which other charts show. */
const ofAccuracies = ["mean", "low", "high", "std", "p5", "worst"];
const confidences = { confidenceRight: "right answers", confidenceWrong: "wrong answers" } as const;

/** Mean over seeds of a metric, where cells have it. */
function metricRows(cells: readonly StudyCell[], name: string): CurveRow[] {
  const inPanel = panelsOf(cells);
  return cells.flatMap((cell): CurveRow[] => {
    const values = cell.rows.flatMap(({ metrics }) => metrics[name] ?? []);
    return values.length === 0 ? [] : [{ series: cell.method, x: cell.sigma, y: mean(values), ...inPanel(cell.panel) }];
  });
}

/** Confidence, and each further metric. */
export function metricCharts(id: string, cells: readonly StudyCell[]): Chart[] {
  const names = unique(cells.flatMap(({ rows }) => rows.flatMap(({ metrics }) => Object.keys(metrics))));
  const shared = { x: across, ownAxes: true };
  const confidence = Object.entries(confidences).flatMap(([name, kind]) =>
    metricRows(cells, name).map((row) => ({ ...row, kind })),
  );
  const others = names.filter((name) => !ofAccuracies.includes(name) && !Object.hasOwn(confidences, name));
  return [
    {
      id: `${id}-confidence`,
      title: "Confidence",
      about: "Mean of the largest softmax value, over right answers and over wrong ones; mean over seeds.",
      y: "mean confidence",
      rows: confidence,
    },
    ...others.map((name, i) => {
      const { title, unit, about } = metricWords(name);
      const words = `${about} Mean over seeds.`;
      return { id: `${id}-metric-${i + 1}`, title, about: words, y: unit, rows: metricRows(cells, name) };
    }),
  ].flatMap((chart) => (chart.rows.length === 0 ? [] : [lineChart({ ...shared, ...chart })]));
}
