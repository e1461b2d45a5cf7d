import { type AttributeSchema, type Operator, valuesOf } from "@neft/model";

type Adapt = NonNullable<Operator["older"]>[number]["adapt"];

/** How files of one opset write an operator. */
export interface OperatorVersion {
  readonly row: Operator;
  /** Minimum and maximum number of inputs. */
  readonly inputs: readonly [min: number, max: number];
  /** Maximum number of outputs that a node may declare. */
  readonly outputs: number;
  readonly attributes: AttributeSchema;
  /** Converts a node to the row's form. Undefined if it has that form. */
  readonly adapt: Adapt | undefined;
}

/** The highest key of a table of opsets up to one opset. */
function atOrBelow<T>(table: Readonly<Record<number, T>>, opset: number): T | undefined {
  const since = Object.keys(table)
    .map(Number)
    .filter((one) => one <= opset);
  return since.length === 0 ? undefined : table[Math.max(...since)];
}

/** How files of an opset write an operator; undefined for an unknown one. */
export function versionOf(
  operators: ReadonlyMap<string, Operator>,
  op: string,
  opset: number,
): OperatorVersion | undefined {
  const row = operators.get(op);
  if (row === undefined) return undefined;
  if (opset >= row.since) {
    const attributes = Object.entries(row.attributes as AttributeSchema).filter(
      ([, kind]) => !kind.isInternal && (kind.since ?? 0) <= opset,
    );
    return {
      row,
      inputs: (row.inputsSince && atOrBelow(row.inputsSince, opset)) ?? row.inputs,
      outputs: row.declares ?? row.outputs ?? 1,
      attributes: Object.fromEntries(attributes),
      adapt: undefined,
    };
  }
  const older = row.older && atOrBelow(row.older, opset);
  return older && { row, outputs: row.declares ?? row.outputs ?? 1, ...older };
}

/** Opsets from which files write an operator differently, ascending. */
export function changesOf(row: Operator): number[] {
  const later = Object.values(row.attributes as AttributeSchema).map((kind) => kind.since ?? row.since);
  const all = [...Object.keys(row.older ?? {}), row.since, ...later, ...Object.keys(row.inputsSince ?? {})];
  return [...new Set(all.map(Number))].sort((a, b) => a - b);
}

/** First opset that can express a node in the row's form. */
export function opsetOf(
  row: Operator,
  node: Parameters<typeof valuesOf>[1] & { readonly inputs: readonly string[] },
): number {
  const values = valuesOf(row, node);
  const opsets = Object.entries(row.attributes as AttributeSchema).map(([name, kind]) =>
    values[name] === kind.fallback ? 0 : kind.sinceOf(values[name]),
  );
  const count = node.inputs.length;
  const arities = Object.entries(row.inputsSince ?? {}) as [string, readonly [number, number]][];
  const fitting = arities.find(([, [min, max]]) => count >= min && count <= max);
  return Math.max(row.since, Number(fitting?.[0] ?? 0), ...opsets);
}
