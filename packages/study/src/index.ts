export { canonicalJson, type Json } from "./canonical-json.js";
export {
  type Cell,
  type CellData,
  type CellKind,
  type CellModel,
  cellFormat,
  type Digest,
  keyOfCell,
  type Maker,
} from "./cell.js";
export {
  type CellComparison,
  compareMethods,
  differenceOf,
  type MethodSummary,
  type PairedDifference,
} from "./comparison.js";
export { cellsOf, type Options, type PlannedRow, type RowPosition, type Study, type StudyNetwork } from "./expand.js";
export { checkPlan, type Plan, type PlanMethod, type PlanNetwork } from "./plan.js";
export {
  type Cost,
  collect,
  type EvaluationOutcome,
  type NetworkOutcome,
  type Outcome,
  type StudyCurve,
  type StudyFile,
  type StudyRow,
} from "./rows.js";
export {
  type FailedCell,
  missingCells,
  type PerformCell,
  type RunCellsOptions,
  runCells,
  type StudyProgress,
  shardOf,
} from "./run-cells.js";
export type { CellRun, Store } from "./store.js";
