import type { GivenChip } from "@neft/crossbar";
import type { StudyCurve, StudyFile, StudyRow } from "@neft/report";
import type { ResultFile } from "./result-files.js";
import { chipSchema, parseWithSchema } from "./result-schemas.js";

export {
  type ChipScores,
  type ChipValues,
  type CountedChips,
  type Counts,
  type DifferenceEstimate,
  defineMetric,
  type MeasuredChips,
  type Metric,
  type MetricRow,
  metrics,
  type PercentileEstimate,
  pairedDifference,
  percentileEstimate,
  type ShareEstimate,
  shareReaching,
} from "@neft/evaluation";
export { type ComparedEvaluation, compareEvaluations, type EvaluationDifference } from "./compare-evaluations.js";
export type {
  BenchmarkFile,
  DeviationFile,
  EqualisationFile,
  EqualisationRecord,
  EvaluationFile,
  FinetuningFile,
  ModelFileRecord,
  Origin,
  Provenance,
  RecordedResult,
  ResultFile,
} from "./result-files.js";

/** What is used of the schema of a chip's file, which is one of zod. */
export interface ChipFileSchema {
  /** @throws {Error} naming the member that is wrong. */
  parse(value: unknown): GivenChip;
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: GivenChip }
    | { readonly success: false; readonly error: { readonly issues: readonly { readonly message: string }[] } };
}

/** The schema of a chip's file of format 1, parsed: what `chip` of `evaluate` takes, with an id or a record as its device. */
export const chipFileSchema: ChipFileSchema = chipSchema;

export type { StudyCurve, StudyFile, StudyRow };

/**
 * Reads a JSON file that the command has written.
 *
 * @param text  Contents of the file.
 * @throws {RangeError} if it isn't such a file; the message lists what differs.
 */
export function parseResults(text: string): ResultFile {
  return parseWithSchema(text) as ResultFile;
}
