import type { Chart } from "./spec.js";
import type { Table } from "./table.js";

/** A part of a report. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Sentences above the charts, in our words: names in them are escaped by whoever shows them. */
  readonly notes: readonly string[];
  readonly charts: readonly Chart[];
  readonly tables: readonly Table[];
}
