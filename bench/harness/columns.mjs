// Aligned tables of the benches that record cells.
import { alignedTable, left, right } from "../../packages/neft/dist/command/table.js";

/** A text table: the first column to the left, the others to the right. */
export const tableOf = (head, rows) => alignedTable([left(head[0]), ...head.slice(1).map(right)], rows);
