import { inWords, OptionError } from "@neft/options";
import { ofKind, type Source } from "../files.js";
import type { Section } from "../section.js";
import { unique } from "../spec.js";
import type { StudyRow } from "../study.js";
import { cellsOf, summaryOf } from "../study-summary.js";
import { accuracyChart, convergenceChart, differenceChart, metricCharts, percentileChart } from "./study-charts.js";
import { accuracyTables, costTable, differenceTables, seedTable } from "./study-tables.js";

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
        percentileChart(id, cells, summaries),
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
