import { oneLine } from "@neft/options";

/** One column of a printed table. */
export interface Column {
  readonly title: string;
  readonly align: "left" | "right";
}

/**
 * A table for a terminal or a log: columns as wide as their widest cell, two spaces apart, a rule under the titles, no trailing
 * spaces. Control characters in cells are written as \uXXXX. Cells are counted in code points, which is exact for the Latin and Greek letters and digits used here.
 * @throws {RangeError} when a row has another number of cells than there are columns.
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

export const left = (title: string): Column => ({ title, align: "left" });
export const right = (title: string): Column => ({ title, align: "right" });
