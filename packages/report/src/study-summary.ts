import { timeInWords } from "@neft/crossbar";
import { halfWidth, mean, percentInterval, percentile } from "@neft/evaluation";
import { unique } from "./spec.js";
import type { StudyRow } from "./study.js";

/** The rows of a method at one σ, in a plot; one row for each seed. */
export interface StudyCell {
  readonly panel: string;
  readonly method: string;
  readonly sigma: number;
  readonly rows: readonly StudyRow[];
}

/** Name of a plot: model and device, the age of the chips, and the σ of the training where a study has several. */
type PanelOf = (row: Pick<StudyRow, "model" | "device" | "time_s">, trainSigma: number | null) => string;

/** Groups rows by plot, method and σ, in their order. Networks that weren't trained stand in every plot of their model and device. */
export function cellsOf(rows: readonly StudyRow[]): StudyCell[] {
  const sigmas = unique(rows.flatMap(({ trainSigma }) => trainSigma ?? []));
  const panelOf: PanelOf = ({ model, device, time_s }, trainSigma) =>
    `${model}, ${device}${time_s === undefined ? "" : `, ${timeInWords(time_s)}`}${sigmas.length > 1 && trainSigma !== null ? `, trained at σ ${trainSigma}` : ""}`;
  const cells = new Map<string, { panel: string; method: string; sigma: number; rows: StudyRow[] }>();
  for (const row of rows) {
    const { model, device, method, sigma, trainSigma } = row;
    const trained = unique(
      rows.flatMap((other) => (other.model === model && other.device === device ? (other.trainSigma ?? []) : [])),
    );
    const where = trainSigma === null && trained.length > 0 ? trained : [trainSigma];
    for (const panel of where.map((one) => panelOf(row, one))) {
      const key = JSON.stringify([panel, method, sigma]);
      const cell = cells.get(key) ?? { panel, method, sigma, rows: [] };
      cell.rows.push(row);
      cells.set(key, cell);
    }
  }
  return [...cells.values()];
}

/** Mean of a cell with its uncertainty. */
export interface CellSummary {
  readonly mean: number;
  /** Ends of the 95 % interval of the mean, and half its width by Student; null with one number. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly half: number | null;
  /** 5th and 95th percentile of the chips of all seeds. */
  readonly from: number;
  readonly to: number;
}

/** Accuracies of a cell. With several seeds the interval is that of the mean over seeds, else that over chips. */
export function summaryOf({ rows }: Pick<StudyCell, "rows">): CellSummary {
  const chips = rows.flatMap((row) => row.chips.accuracy);
  const numbers = rows.length > 1 ? rows.map((row) => mean(row.chips.accuracy)) : chips;
  return {
    mean: mean(numbers),
    interval: percentInterval(numbers),
    half: halfWidth(numbers),
    from: percentile(chips, 5),
    to: percentile(chips, 95),
  };
}

/** A difference of two methods in points of accuracy. */
export interface Difference {
  readonly mean: number;
  /** Half of the 95 % interval; null with one number. */
  readonly half: number | null;
}

/**
 * Difference of a cell from the baseline's, on the same chips and seeds; null if they share no seed. A baseline that wasn't trained is the same for
 * every seed. With several seeds the interval is that of the mean over seeds, else that over chips.
 */
export function pairedDifference(cell: StudyCell, baseline: StudyCell): Difference | null {
  const ofSeed = new Map(baseline.rows.map((row) => [row.seed, row]));
  const isUntrained = baseline.rows.length === 1 && baseline.rows[0]!.trainSigma === null;
  const pairs = cell.rows.flatMap((row): number[][] => {
    const other = ofSeed.get(row.seed) ?? (isUntrained ? baseline.rows[0] : undefined);
    if (other === undefined) return [];
    // Chips of an index are the same chip.
    const shared = Math.min(row.chips.accuracy.length, other.chips.accuracy.length);
    return [row.chips.accuracy.slice(0, shared).map((value, i) => value - other.chips.accuracy[i]!)];
  });
  if (pairs.length === 0) return null;
  const numbers = pairs.length > 1 ? pairs.map((differences) => mean(differences)) : pairs[0]!;
  return { mean: mean(numbers), half: halfWidth(numbers) };
}

/** Each cell that isn't the baseline's, with its difference. */
export const differencesFrom = (
  cells: readonly StudyCell[],
  baseline: string,
): { cell: StudyCell; difference: Difference | null }[] =>
  cells
    .filter(({ method }) => method !== baseline)
    .map((cell) => {
      const other = cells.find(
        ({ panel, sigma, method }) => method === baseline && panel === cell.panel && sigma === cell.sigma,
      );
      return { cell, difference: other ? pairedDifference(cell, other) : null };
    });
