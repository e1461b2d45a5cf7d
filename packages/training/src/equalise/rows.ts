/** A sparse matrix. */
export interface Rows {
  /** Where each row ends. */
  readonly ends: Int32Array;
  /** Column and value of each element. */
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

/**
 * Multiplies the elements of a matrix by a table's values for their row and column, and adds each product to the sums of both.
 * @returns the sum of all.
 */
export function addProducts({ ends, columns, values }: Rows, table: Float64Array, sums: Float64Array): number {
  let all = 0;
  for (let row = 0, at = 0; row < ends.length; row++) {
    const [end, own] = [ends[row]!, table[row]!];
    let sum = 0;
    for (; at < end; at++) {
      const column = columns[at]!;
      const product = values[at]! * table[column]! * own;
      sum += product;
      sums[column]! += product;
    }
    sums[row]! += sum;
    all += sum;
  }
  return all;
}

/** A matrix with one value for all pairs of some rows and columns. */
export interface Grid {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly value: number;
}

/** A matrix as a grid, if it is one but for rounding. No column is twice in a row. */
export function gridOf({ ends, columns, values }: Rows): Grid | undefined {
  const rows = Int32Array.from(ends.keys()).filter((row) => ends[row]! > (ends[row - 1] ?? 0));
  const all = new Int32Array([...new Set(columns)]);
  const [value = 0] = values;
  const isGrid = rows.length * all.length === values.length;
  return isGrid && values.every((own) => Math.abs(own - value) <= 1e-12 * value)
    ? { rows, columns: all, value }
    : undefined;
}

/** `addProducts` of a grid. */
export function addGrid({ rows, columns, value }: Grid, table: Float64Array, sums: Float64Array): number {
  const total = (places: Int32Array) => places.reduce((sum, at) => sum + table[at]!, 0);
  const [ofRows, ofColumns] = [total(rows), total(columns)];
  for (const row of rows) sums[row]! += value * table[row]! * ofColumns;
  for (const column of columns) sums[column]! += value * table[column]! * ofRows;
  return value * ofRows * ofColumns;
}
