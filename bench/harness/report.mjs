// Prints results as a table and compares them with earlier ones.
import { alignedTable, left, right } from "../../packages/neft/dist/command/table.js";
import { recordKey, slowdown } from "./record.mjs";

const number = (value) => {
  if (value === null || value === undefined) return "";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(3, digits));
};

/** A text table with one line per record. */
export function table(records) {
  const columns = [
    left("bench"),
    left("what"),
    left("build"),
    right("ours"),
    right("peer"),
    left("unit"),
    left("of"),
    right("ratio"),
    left("goal"),
    left(""),
  ];
  const verdict = ({ met, skipped }) => (skipped ? `skipped: ${skipped}` : met === null ? "" : met ? "met" : "MISSED");
  const rows = records.map((r) => [
    r.bench,
    r.what,
    r.build,
    number(r.ours),
    number(r.peer),
    r.unit,
    r.peerName ?? "",
    number(r.ratio),
    r.goal ?? "",
    verdict(r),
  ]);
  return alignedTable(columns, rows);
}

/** Slowdowns above this factor are reported. */
const tolerated = 1.1;

/** Text that lists what got slower since the last run on this machine. */
export function comparison(records, earlier) {
  if (earlier.length === 0) return "no earlier result of this machine to compare with";
  const before = new Map(earlier.map((record) => [recordKey(record), record]));
  const slower = records.flatMap((record) => {
    const last = before.get(recordKey(record));
    const times = last && slowdown(record, last);
    return times > tolerated ? [`slower than before: ${recordKey(record)}: ${times.toFixed(2)} times`] : [];
  });
  return slower.length > 0
    ? slower.join("\n")
    : "nothing got slower by more than 10 % since the last run on this machine";
}
