import type { Json } from "./canonical-json.js";
import type { Cell, Maker } from "./cell.js";
import type { PlannedRow, RowPosition, Study } from "./expand.js";
import type { Plan } from "./plan.js";
import type { Store } from "./store.js";

/** What work a network took: passes of a batch through its backbone, and epochs. */
export interface Cost {
  readonly forward: number;
  readonly backward: number;
  readonly epochs: number;
}

/** The result of an evaluation cell. */
export interface EvaluationOutcome {
  readonly kind: "evaluate";
  /** Accuracy of the digital network, in percent. */
  readonly digital: number;
  /** Values of every chip. */
  readonly chips: {
    readonly accuracy: readonly number[];
    readonly loss?: readonly number[];
    readonly confidence?: readonly number[];
  };
  /** Of all chips, by name; null where a metric doesn't exist. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** The result of a cell that makes a network. */
export interface NetworkOutcome {
  readonly kind: "equalise" | "finetune";
  /** Digest of the network's file, which the store has. */
  readonly model: string;
  readonly cost: Cost;
  readonly validations?: readonly { readonly step: number; readonly accuracy?: number | undefined }[];
  /** What the call reports beside. */
  readonly report: Json;
}

export type Outcome = EvaluationOutcome | NetworkOutcome;

/** An evaluation of a study with its result. */
export interface StudyRow extends RowPosition {
  readonly digital: number;
  readonly chips: EvaluationOutcome["chips"];
  readonly metrics: EvaluationOutcome["metrics"];
  /** Of all cells that made the network. */
  readonly cost: Cost;
}

/** Validations of a finetuning. */
export interface StudyCurve extends Omit<RowPosition, "sigma" | "time_s"> {
  readonly validations: readonly { readonly step: number; readonly accuracy?: number | undefined }[];
}

/** The file of a study's results. */
export interface StudyFile {
  readonly kind: "study";
  readonly format: 1;
  readonly maker: Maker;
  readonly plan: Plan;
  readonly rows: readonly StudyRow[];
  readonly curves: readonly StudyCurve[];
  /** Options of each cell, by key, with all defaults filled in. */
  readonly cells: Readonly<Record<string, Cell>>;
}

const noCost: Cost = { forward: 0, backward: 0, epochs: 0 };

/**
 * Collects a study's results.
 * @throws {Error} if some cells have none; names how many and the first.
 */
export async function collect(plan: Plan, study: Study, maker: Maker, store: Store): Promise<StudyFile> {
  const outcomes = new Map<string, Outcome>();
  const missing: string[] = [];
  for (const key of study.cells.keys()) {
    const text = await store.readResult(key);
    if (text === undefined) missing.push(key);
    else outcomes.set(key, JSON.parse(text) as Outcome);
  }
  if (missing.length > 0)
    throw new Error(
      `study: expected results of all ${study.cells.size} cells, got none of ${missing.length}, the first ${missing[0]}; run them`,
    );
  const rows = study.rows.map((row): StudyRow => {
    const { digital, chips, metrics } = outcomes.get(row.key) as EvaluationOutcome;
    return { ...positionOf(row), digital, chips, metrics, cost: costOf(row, outcomes) };
  });
  const curves = new Map<string, StudyCurve>();
  for (const row of study.rows) {
    for (const key of row.made) {
      const { validations } = outcomes.get(key) as NetworkOutcome;
      const { sigma: _sigma, time_s: _age, ...position } = positionOf(row);
      if (validations) curves.set(key, { ...position, validations });
    }
  }
  return {
    kind: "study",
    format: 1,
    maker,
    plan,
    rows,
    curves: [...curves.values()],
    cells: Object.fromEntries(study.cells),
  };
}

const positionOf = ({ key: _key, made: _made, ...position }: PlannedRow): RowPosition => position;

const costOf = ({ made }: PlannedRow, outcomes: ReadonlyMap<string, Outcome>): Cost =>
  made
    .map((key) => (outcomes.get(key) as NetworkOutcome).cost)
    .reduce(
      (sum, { forward, backward, epochs }) => ({
        forward: sum.forward + forward,
        backward: sum.backward + backward,
        epochs: sum.epochs + epochs,
      }),
      noCost,
    );
