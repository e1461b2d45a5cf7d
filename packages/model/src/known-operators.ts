import { inWords } from "@neft/options";
import type { GraphNode } from "./graph.js";
import { coreOperators } from "./operators/core.js";
import type { Operator } from "./operators/operator.js";

/** Rows of operators by name, to be made known with `addOperators`. Only `defineOperator` makes rows. */
export type OperatorSet = ReadonlyMap<string, { readonly name: string; readonly since: number }>;

/** Operators that nodes can use. Sets are added and never removed; only a row that extends another replaces it. */
const known = new Map<string, Operator>(coreOperators);

/** Operators that nodes of models can use now, by name. */
export const knownOperators: ReadonlyMap<string, Operator> = known;

/**
 * Makes operators known, in this thread.
 *
 * @throws {Error} when a name is known already as another row. Nothing is added then.
 */
export function addOperators(set: OperatorSet): void {
  const rows = [...set] as [string, Operator][];
  for (const [name, row] of rows) {
    const other = known.get(name);
    if (other !== undefined && other !== row && row.extends !== other && other.extends !== row)
      throw new Error(`addOperators: expected one row for each operator, got another one for ${inWords(name)}`);
  }
  for (const [name, row] of rows) if (known.get(name)?.extends !== row) known.set(name, row);
}

/** Row of a node's operator. @throws {Error} when it is unknown. */
export function operatorOf({ op }: Pick<GraphNode, "op">): Operator {
  const row = known.get(op);
  if (row === undefined) throw new Error(`expected a known operator, got ${inWords(op)}`);
  return row;
}
