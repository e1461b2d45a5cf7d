import { mean } from "@neft/evaluation";
import { inWords, OptionError } from "@neft/options";
import { ofKind, type Source } from "../files.js";
import { type CurveRow, lineChart } from "../line-chart.js";
import type { Section } from "../section.js";
import { type Chart, shown, unique } from "../spec.js";
import type { StudyFile, StudyRow } from "../study.js";
import { type CellSummary, cellsOf, pairedDifference, type StudyCell, summaryOf } from "../study-summary.js";
import type { Cell, Table } from "../table.js";

const across = "device σ, relative to full scale";

/** Studies: methods compared on models and devices. @param baseline  Method that others are compared with. Default: the first. */
export function studySections(sources: readonly Source[], baseline?: string): Section[] {
  return ofKind(sources, "study").map(({ title, file }, i) => {
    const { rows, curves = [] } = file;
    const methods = unique(rows.map(({ method }) => method));
    const compared = baseline ?? methods[0]!;
    if (!methods.includes(compared))
      throw new OptionError({
        option: "baseline",
        expected: `one of ${methods.map(inWords).join(", ")}`,
        got: inWords(compared),
      });
    const id = i === 0 ? "study" : `study-${i + 1}`;
    const cells = cellsOf(rows);
    const summaries = new Map(cells.map((cell) => [cell, summaryOf(cell)]));
    return {
      id,
      title: `Study: ${title}`,
      notes: [notesOf(rows)],
      charts: [
        accuracyChart(id, cells, summaries),
        ...differenceChart(id, cells, compared),
        ...convergenceChart(id, curves),
        ...metricCharts(id, cells),
      ],
      tables: [
        ...accuracyTables(id, cells, summaries),
        ...differenceTables(id, cells, compared),
        seedTable(id, cells),
        costTable(id, rows),
      ],
    };
  });
}

function notesOf(rows: readonly StudyRow[]): string {
  const seeds = unique(rows.map(({ seed }) => seed)).length;
  const chips = unique(rows.map((row) => row.chips.accuracy.length)).sort((a, b) => a - b);
  const trained = unique(rows.flatMap(({ trainSigma }) => trainSigma ?? []));
  const count = chips.length > 1 ? `${chips[0]} to ${chips.at(-1)}` : String(chips[0]);
  const where = trained.length === 0 ? "" : ` Networks were trained at σ ${trained.join(", ")}.`;
  return `${seeds} ${seeds === 1 ? "seed" : "seeds"}, ${count} chips for each σ.${where} Intervals are of 95 %: of the mean over seeds where a cell has several, else of the mean over chips. Chips of a seed and σ are the same for every method.`;
}

/** A panel's name where there are several. */
const panelsOf = (cells: readonly { readonly panel: string }[]): ((panel: string) => { panel?: string }) =>
  unique(cells.map(({ panel }) => panel)).length > 1 ? (panel) => ({ panel }) : () => ({});

function accuracyChart(id: string, cells: readonly StudyCell[], summaries: ReadonlyMap<StudyCell, CellSummary>): Chart {
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

/** Each cell that isn't the baseline's, with its difference. */
const differencesFrom = (
  cells: readonly StudyCell[],
  baseline: string,
): { cell: StudyCell; difference: ReturnType<typeof pairedDifference> }[] =>
  cells
    .filter(({ method }) => method !== baseline)
    .map((cell) => {
      const other = cells.find(
        ({ panel, sigma, method }) => method === baseline && panel === cell.panel && sigma === cell.sigma,
      );
      return { cell, difference: other ? pairedDifference(cell, other) : null };
    });

function differenceChart(id: string, cells: readonly StudyCell[], baseline: string): Chart[] {
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

function convergenceChart(id: string, curves: NonNullable<StudyFile["curves"]>): Chart[] {
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

/** Mean of a measure over the seeds of a cell; null where none has a value. */
function meanMetric({ rows }: StudyCell, name: string): number | null {
  const values = rows.flatMap(({ metrics }) => metrics[name] ?? []);
  return values.length === 0 ? null : mean(values);
}

const metricNames = (cells: readonly StudyCell[]): string[] =>
  unique(cells.flatMap(({ rows }) => rows.flatMap(({ metrics }) => Object.keys(metrics))));

function metricCharts(id: string, cells: readonly StudyCell[]): Chart[] {
  const inPanel = panelsOf(cells);
  return metricNames(cells).flatMap((name, i) => {
    const rows = cells.flatMap((cell): CurveRow[] => {
      const y = meanMetric(cell, name);
      return y === null ? [] : [{ series: cell.method, x: cell.sigma, y, ...inPanel(cell.panel) }];
    });
    if (rows.length === 0) return [];
    const chart = {
      id: `${id}-metric-${i + 1}`,
      title: shown(name),
      about: "Mean over seeds.",
      x: across,
      y: shown(name),
      rows,
    };
    return [lineChart({ ...chart, ownAxes: true })];
  });
}

/** A table for each plot: a row for each method, a column for each σ. */
function tables(
  id: string,
  cells: readonly StudyCell[],
  what: string,
  make: (cell: StudyCell, rivals: readonly StudyCell[]) => Cell,
): Table[] {
  return unique(cells.map(({ panel }) => panel)).map((panel, i) => {
    const own = cells.filter((cell) => cell.panel === panel);
    const sigmas = unique(own.map(({ sigma }) => sigma)).sort((a, b) => a - b);
    const find = (method: string, sigma: number): StudyCell | undefined =>
      own.find((cell) => cell.method === method && cell.sigma === sigma);
    return {
      id: `${id}-${i + 1}`,
      title: `${what}: ${panel}`,
      columns: [{ title: "method" }, ...sigmas.map((sigma) => ({ title: `σ ${sigma}`, digits: 2 }))],
      rows: unique(own.map(({ method }) => method)).map((method) => [
        method,
        ...sigmas.map((sigma) => {
          const cell = find(method, sigma);
          return cell === undefined
            ? null
            : make(
                cell,
                own.filter((one) => one.sigma === sigma),
              );
        }),
      ]),
    };
  });
}

const accuracyTables = (
  id: string,
  cells: readonly StudyCell[],
  summaries: ReadonlyMap<StudyCell, CellSummary>,
): Table[] =>
  tables(
    `${id}-accuracy`,
    cells,
    "Mean accuracy in percent ± half of its 95 % interval, best in bold",
    (cell, rivals) => {
      const { mean: value, half } = summaries.get(cell)!;
      const isBest = rivals.length > 1 && rivals.every((rival) => summaries.get(rival)!.mean <= value);
      return { mean: value, half, isBest };
    },
  );

function differenceTables(id: string, cells: readonly StudyCell[], baseline: string): Table[] {
  const differences = new Map(differencesFrom(cells, baseline).map(({ cell, difference }) => [cell, difference]));
  return tables(
    `${id}-differences`,
    cells.filter(({ method }) => method !== baseline),
    `Difference from ${shown(baseline)} in points ± half of its 95 % interval, paired by chip and seed`,
    (cell) => differences.get(cell) ?? null,
  );
}

/** How far apart the seeds of a method are. */
function seedTable(id: string, cells: readonly StudyCell[]): Table {
  return {
    id: `${id}-seeds`,
    isFolded: true,
    title: "Seeds: mean accuracy over chips of the worst, the middle and the best seed, in percent",
    columns: [
      { title: "model and device" },
      { title: "method" },
      { title: "σ" },
      { title: "seeds", digits: 0 },
      ...["lowest", "middle", "highest"].map((title) => ({ title, digits: 2 })),
    ],
    rows: cells.map(({ panel, method, sigma, rows }) => {
      const means = rows.map((row) => mean(row.chips.accuracy)).sort((a, b) => a - b);
      const middle = (means[Math.floor((means.length - 1) / 2)]! + means[Math.ceil((means.length - 1) / 2)]!) / 2;
      return [panel, method, String(sigma), means.length, means[0]!, middle, means.at(-1)!];
    }),
  };
}

function costTable(id: string, rows: readonly StudyRow[]): Table {
  const keys = unique(rows.map(({ model, method }) => JSON.stringify([model, method])));
  return {
    id: `${id}-cost`,
    title: "Cost of a training: passes through the network and epochs, mean over seeds",
    columns: [
      { title: "model" },
      { title: "method" },
      { title: "forward", digits: 0 },
      { title: "backward", digits: 0 },
      { title: "epochs", digits: 1 },
    ],
    rows: keys.map((key) => {
      const own = rows.filter(({ model, method }) => JSON.stringify([model, method]) === key);
      const of = (name: keyof StudyRow["cost"]): number => mean(own.map(({ cost }) => cost[name]));
      return [own[0]!.model, own[0]!.method, of("forward"), of("backward"), of("epochs")];
    }),
  };
}
