import { mean } from "@neft/evaluation";
import { shown, unique } from "../spec.js";
import type { StudyRow } from "../study.js";
import { type CellSummary, differencesFrom, type StudyCell } from "../study-summary.js";
import type { Cell, Table } from "../table.js";

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

export const accuracyTables = (
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

export function differenceTables(id: string, cells: readonly StudyCell[], baseline: string): Table[] {
  const differences = new Map(differencesFrom(cells, baseline).map(({ cell, difference }) => [cell, difference]));
  return tables(
    `${id}-differences`,
    cells.filter(({ method }) => method !== baseline),
    `Difference from ${shown(baseline)} in points ± half of its 95 % interval, paired by chip and seed`,
    (cell) => differences.get(cell) ?? null,
  );
}

/** How far apart the seeds of a method are. */
export function seedTable(id: string, cells: readonly StudyCell[]): Table {
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

export function costTable(id: string, rows: readonly StudyRow[]): Table {
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
