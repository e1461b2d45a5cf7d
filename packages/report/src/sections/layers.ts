import { timeInWords } from "@neft/crossbar";
import type { LayerRead } from "@neft/evaluation";
import type { ReportedRescaling, Source } from "../files.js";
import { rangeChart } from "../range-chart.js";
import type { Section } from "../section.js";
import { shown } from "../spec.js";
import type { Cell, Table } from "../table.js";

interface LayerColumn {
  readonly title: string;
  readonly digits: number;
  /** Null for a layer without such a number. */
  readonly of: (layer: LayerRead) => number | null;
}

const conversions = (what: "inputs" | "sums"): LayerColumn[] => [
  { title: `${what} converted`, digits: 0, of: (layer) => layer.conversions[what]?.perInference ?? null },
  { title: "clipped %", digits: 2, of: ({ conversions: { [what]: rate } }) => rate && 100 * rate.clipped },
];

const columns: readonly LayerColumn[] = [
  { title: "tiles", digits: 0, of: ({ tiles }) => tiles },
  { title: "cells", digits: 0, of: ({ cells }) => cells },
  { title: "utilisation %", digits: 2, of: ({ utilisation }) => 100 * utilisation },
  { title: "writes", digits: 0, of: ({ writes }) => writes ?? null },
  { title: "unverified", digits: 0, of: ({ unverified }) => unverified ?? null },
  { title: "stuck on", digits: 0, of: ({ stuckOn }) => stuckOn ?? null },
  { title: "stuck off", digits: 0, of: ({ stuckOff }) => stuckOff ?? null },
  ...conversions("inputs"),
  ...conversions("sums"),
];

/** What layers take on chips, and how an equalisation changed them. */
export function layerSection(sources: readonly Source[]): Section | undefined {
  const onChips = sources.flatMap(({ title, file }) => {
    if (file.kind !== "evaluation" && file.kind !== "deviation") return [];
    const [first] = file.results;
    return first?.layers === undefined ? [] : [{ title, first, layers: first.layers }];
  });
  const rescaled = sources.flatMap(({ title, file }) => {
    const result = rescalingOf(file);
    return result === undefined ? [] : [{ title, result }];
  });
  if (onChips.length + rescaled.length === 0) return undefined;
  return {
    id: "layers",
    title: "Layers",
    notes: rescaled.map(({ title, result }) => rescalingNote(title, result)),
    charts: rescaled.map(({ title, result: { layers } }, i) =>
      rangeChart({
        id: `ranges-${i + 1}`,
        title: `Range of the weights: ${shown(title)}`,
        about:
          "Largest weight of a layer, divided by the root mean square of its weights, before (ring) and after equalising (dot): variation is proportional to the largest.",
        x: "max|W| / rms(W)",
        rows: layers.map(({ node, range }) => ({ name: node, ...range })),
      }),
    ),
    tables: [
      ...onChips.map(({ title, first, layers }, i) => layerTable(i, title, first, layers)),
      ...rescaled.map(({ title, result }, i) => rescalingTable(i, title, result)),
    ],
  };
}

function rescalingOf(file: Source["file"]): ReportedRescaling | undefined {
  if (file.kind === "equalisation") return file.result;
  return file.kind === "finetuning" ? file.result.equalised : undefined;
}

function layerTable(
  i: number,
  title: string,
  { sigma, time_s }: { readonly sigma: number; readonly time_s?: number },
  layers: readonly LayerRead[],
): Table {
  const own = columns.filter(({ of }) => layers.some((layer) => of(layer) !== null));
  const at = `σ ${sigma}${time_s === undefined ? "" : `, ${timeInWords(time_s)}`}`;
  return {
    id: `layers-${i + 1}`,
    title: `Layers on a chip of ${title} at ${at}: mean over chips; conversions of one inference`,
    columns: [{ title: "layer" }, ...own.map(({ title, digits }) => ({ title, digits }))],
    rows: layers.map((layer) => [layer.layer, ...own.map(({ of }) => of(layer))]),
  };
}

const number = (value: number): string => String(Number(value.toPrecision(3)));

function rescalingNote(title: string, { method, factors, variance, distance }: ReportedRescaling): string {
  const measured = distance
    ? `; measured distance from the clean network ${number(distance.before)} before, ${number(distance.after)} after (${distance.chips} chips, ${distance.samples} samples)`
    : "";
  return `${title}: equalised (${method}, ${factors} free factors); predicted variance of the outputs × ${number(variance)}${measured}.`;
}

function rescalingTable(i: number, title: string, { layers }: ReportedRescaling): Table {
  return {
    id: `ranges-${i + 1}`,
    title: `Layers equalised: ${title}`,
    columns: [
      { title: "layer" },
      { title: "weight" },
      { title: "max|W|/rms", digits: 2 },
      { title: "after", digits: 2 },
      { title: "outputs keep their scale for" },
    ],
    rows: layers.map(({ node, parameter, range, fixedBy }): Cell[] => [
      node,
      parameter,
      range.before,
      range.after,
      fixedBy ?? null,
    ]),
  };
}
