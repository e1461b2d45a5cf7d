import { oneLine } from "@neft/options";

/** One column of a printed table. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/**
 * Formats a plain-text table: two spaces between columns, a rule under the titles, no trailing spaces.
 * Control characters in cells are written as \uXXXX. Widths count code points, which is exact for Latin and Greek letters and digits.
 * @throws {RangeError} if the number of cells in a row differs from the number of columns.
 */
export function alignedTable(columns: readonly Column[], texts: readonly (readonly string[])[]): string {
  const rows = texts.map((row) => row.map(oneLine));
  for (const row of rows) {
    if (row.length !== columns.length)
      throw new RangeError(`alignedTable: expected ${columns.length} cells a row, got ${row.length}`);
  }
  const length = (cell: string): number => [...cell].length;
  const widths = columns.map(({ title }, i) => Math.max(length(title), ...rows.map((row) => length(row[i]!))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const space = " ".repeat(widths[i]! - length(cell));
        return columns[i]!.align === "left" ? cell + space : space + cell;
      })
      .join("  ")
      .trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    line(widths.map((width) => "─".repeat(width))),
    ...rows.map(line),
  ].join("\n");
}

/** A left-aligned column. */
export const left = (title: string): Column => ({ title, align: "left" });
/** A right-aligned column. */
export const right = (title: string): Column => ({ title, align: "right" });
