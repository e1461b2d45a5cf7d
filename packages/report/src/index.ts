export type {
  ReportedDeviation,
  ReportedEqualisation,
  ReportedEvaluation,
  ReportedFile,
  ReportedFinetuning,
  ReportedMetrics,
  ReportedRescaling,
  ReportedResult,
  ReportedValidation,
  ResultOrigin,
  Source,
} from "./files.js";
export { type CurveRow, type LineChart, lineChart } from "./line-chart.js";
export { type RenderedChart, type RenderedReport, type Renderer, renderReport } from "./page.js";
export { createReport, type Report, type ReportOptions } from "./report.js";
export type { Section } from "./section.js";
export type { Chart, Spec } from "./spec.js";
export { quantity, seriesChannels, titled, unique } from "./spec.js";
export type { StudyCurve, StudyFile, StudyRow } from "./study.js";
export { type Cell, type Column, type Estimate, type Table, tableForms } from "./table.js";
export { palette, style } from "./theme.js";
