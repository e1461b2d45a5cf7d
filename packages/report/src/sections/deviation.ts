import { timeInWords } from "@neft/crossbar";
import type { DeviationStatistics, SigmaDeviation } from "@neft/evaluation";
import { ofKind, type Source } from "../files.js";
import { lineChart } from "../line-chart.js";
import type { Section } from "../section.js";
import type { Chart } from "../spec.js";
import type { Cell, Table } from "../table.js";
import { placesOf } from "./curves.js";

/** The measures of a deviation, each with its chart. */
const measures = [
  {
    name: "relativeError",
    id: "relative-error",
    title: "Relative error of the outputs",
    unit: "relative error",
    about: "‖y − y₀‖ / ‖y₀‖ over all samples, of outputs y of a chip and y₀ of the clean network",
    digits: 4,
  },
  {
    name: "cosine",
    id: "cosine",
    title: "Cosine of the outputs",
    unit: "cosine",
    about: "Cosine of a chip's outputs and those of the clean network, over all samples",
    digits: 4,
  },
  {
    name: "agreement",
    id: "agreement",
    title: "Agreement with the clean network",
    unit: "agreement (%)",
    about: "Share of the samples whose largest output is the clean network's",
    digits: 2,
  },
] as const;

/** Deviations from the clean network against σ or age. */
export function deviationSection(sources: readonly Source[]): Section | undefined {
  const own = ofKind(sources, "deviation");
  if (own.length === 0) return undefined;
  const places = placesOf<SigmaDeviation>(own);
  const charts = measures.flatMap(({ name, id, title, unit, about }): Chart[] => {
    const rows = places.points.flatMap(({ series, x, result }) => {
      const measure = result[name];
      if (measure === null) return [];
      const { mean, ci95, p5, p95 } = measure;
      return [{ series, x, y: mean, ...(ci95 && { low: ci95[0], high: ci95[1] }), from: p5, to: p95 }];
    });
    if (rows.length === 0) return [];
    const bands = "Mean over chips. Dark: its 95 % interval; light: 5th to 95th percentile of the chips.";
    return [lineChart({ id, title, about: `${about}. ${bands}`, x: places.title, y: unit, rows })];
  });
  return { id: "deviation", title: "Deviation from the clean network", notes: [], charts, tables: [table(own)] };
}

function table(own: readonly Source<{ readonly results: readonly SigmaDeviation[] }>[]): Table {
  const hasAges = own.some(({ file }) => file.results.some(({ time_s }) => time_s !== undefined));
  const cells = (measure: DeviationStatistics | null): Cell[] => [
    measure && { mean: measure.mean, half: measure.ci95 && (measure.ci95[1] - measure.ci95[0]) / 2 },
    measure?.worst ?? null,
  ];
  return {
    id: "deviation",
    title: "Deviation from the clean network: mean over chips ± half of its 95 % interval",
    columns: [
      { title: "results" },
      { title: "σ" },
      ...(hasAges ? [{ title: "age" }] : []),
      { title: "chips", digits: 0 },
      ...measures.flatMap(({ unit, digits }) => [
        { title: unit, digits },
        { title: "worst", digits },
      ]),
    ],
    rows: own.flatMap(({ title, file: { results } }) =>
      results.map((result) => [
        title,
        String(result.sigma),
        ...(hasAges ? [result.time_s === undefined ? null : timeInWords(result.time_s)] : []),
        result.chips,
        ...measures.flatMap(({ name }) => cells(result[name])),
      ]),
    ),
  };
}
