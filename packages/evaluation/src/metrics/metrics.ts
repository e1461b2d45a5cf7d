import { checkOptions, inWords, kind, kinds, type Rules, required } from "@neft/options";
import { type MeanEstimate, meanEstimate } from "../intervals.js";
import { builtIn } from "./built-in.js";
import type { ChipScores, ChipValues, Metric } from "./metric.js";

const table = new Map<string, Metric>(builtIn.map((row) => [row.id, row as Metric]));

/** All metrics by id. */
export const metrics: ReadonlyMap<string, Metric> = table;

/** Ids of the metrics that are computed where none are named. */
export const defaultMetrics: readonly string[] = builtIn.filter(({ isDefault }) => isDefault).map(({ id }) => id);

/** A user's metric. It has either `ofChip` or `ofChips`. */
export interface MetricRow {
  /** Lower-case letters, digits and dashes, at most 64. */
  readonly id: string;
  /** Definition in one line. */
  readonly about: string;
  /** Default: "1", for none. */
  readonly unit?: string;
  /** A number for one chip, from its class scores and the labels. Results have the mean over chips. */
  readonly ofChip?: (chip: ChipScores) => number;
  /** A number for all chips, from their values. */
  readonly ofChips?: (chips: ChipValues) => number;
}

/** Value of a user's metric with `ofChip`. */
export interface MeasuredChips extends MeanEstimate {
  /** The number of each chip. */
  readonly values: readonly number[];
}

const isFunction = (value: unknown): boolean => typeof value === "function";

const rules: Rules<MetricRow> = {
  id: required(
    kind(
      "an id of lower-case letters, digits and dashes, at most 64",
      (id) => typeof id === "string" && /^[a-z][a-z0-9-]{0,63}$/.test(id),
    ),
  ),
  about: required(kinds.name),
  unit: kinds.name,
  ofChip: kind("a function", isFunction),
  ofChips: kind("a function", isFunction),
};

/**
 * Defines a metric and adds it to `metrics`: `evaluate` in this thread then takes its id.
 *
 * Its function runs in the calling thread, with workers too; a session's engine doesn't know it.
 * @throws {RangeError} for an id that is taken or has other characters, a field of the wrong kind, or not exactly one function.
 */
export function defineMetric(row: MetricRow): Metric {
  checkOptions("defineMetric", row, rules);
  const { id, about, unit = "1", ofChip, ofChips } = row;
  if (table.has(id)) throw new RangeError(`defineMetric: id: expected a new id, got ${inWords(id)}, which is taken`);
  if ((ofChip === undefined) === (ofChips === undefined))
    throw new RangeError(`defineMetric: expected ofChip or ofChips, got ${ofChip ? "both" : "neither"}`);
  const own: Metric = {
    ...{ id, about, unit, isScaled: false, isDefault: false },
    ...(ofChip
      ? { ofChip: (chip) => checked(id, ofChip(chip)), summarise: ({ measured }) => measuredChips(measured.get(id)!) }
      : { summarise: ({ perChip }) => checked(id, ofChips!(perChip)) }),
  };
  table.set(id, own);
  return own;
}

const measuredChips = (values: readonly number[]): MeasuredChips => ({ ...meanEstimate(values), values });

/** @throws {RangeError} for anything but a finite number, which files of results couldn't hold. */
function checked(id: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new RangeError(`metric ${inWords(id)}: expected a finite number, got ${inWords(value)}`);
}
