import type { Operator } from "./operator.js";

/**
 * The rows that files export, by name, in alphabetical order.
 *
 * @param groups  The files. Each exports rows alone.
 */
export function operatorSet(groups: readonly Readonly<Record<string, Operator>>[]): ReadonlyMap<string, Operator> {
  const rows = groups.flatMap((group) => Object.values(group));
  return new Map(rows.sort((a, b) => (a.name < b.name ? -1 : 1)).map((row) => [row.name, row]));
}
