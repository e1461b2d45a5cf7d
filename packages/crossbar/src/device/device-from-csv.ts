import { checkPlain, inWords, kinds } from "@neft/options";
import { defineDevice } from "./device.js";
import type { Device } from "./record.js";

/** What a file of measured points doesn't say of its device. */
export interface MeasuredDevice extends Pick<Device, "id" | "gMax_uS" | "onOffRatio"> {
  /** Default: says that σ is measured. */
  readonly summary?: string;
  /** Default: "measured". */
  readonly technology?: string;
  /** Default: 2. */
  readonly bitsPerCell?: number;
  /** Default: "measured points". */
  readonly source?: Device["source"];
}

/** The columns that are read; others are ignored. */
const columns = ["g_uS", "sigma_uS"] as const;

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/**
 * The device of measured points: a CSV text with the columns g_uS and sigma_uS, named in its first line, separated by commas; a line
 * for each point, in the order of g. Lines that start with # are comments.
 *
 * @param about  gMax defaults to the largest g of the file, the on/off ratio to gMax over the smallest g.
 * @throws {RangeError} naming the line, for a gap, a value that is no number, a g that doesn't increase, a negative g or σ; and as
 *   `defineDevice`.
 */
export function deviceFromCsv(text: string, about: MeasuredDevice): Device {
  kinds.name(text, "deviceFromCsv: text");
  checkPlain("deviceFromCsv: about", about, "a record with an id");
  const who = `device ${inWords(about.id)}`;
  const { g_uS, sigma_uS } = pointsOf(text, who);
  if (g_uS.length < 2) throw new RangeError(`${who}: expected at least two points, got ${g_uS.length}`);
  const { gMax_uS = g_uS.at(-1)!, onOffRatio = g_uS[0]! > 0 ? gMax_uS / g_uS[0]! : undefined, ...rest } = about;
  return defineDevice({
    summary: `σ(g) by ${g_uS.length} measured points`,
    technology: "measured",
    bitsPerCell: 2,
    source: { cite: "measured points" },
    ...rest,
    gMax_uS,
    ...(onOffRatio === undefined ? {} : { onOffRatio }),
    programming: { kind: "points", g_uS, sigma_uS },
  });
}

/** The points of a text. */
function pointsOf(text: string, who: string): Record<(typeof columns)[number], number[]> {
  const points: Record<(typeof columns)[number], number[]> = { g_uS: [], sigma_uS: [] };
  // A byte order mark and blank lines at the end are no content.
  const lines = text
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split(/\r\n|\r|\n/);
  let names: readonly string[] | undefined;
  for (const [i, line] of lines.entries()) {
    const where = `${who}: line ${i + 1}`;
    if (line.startsWith("#")) continue;
    const cells = line.split(",").map((cell) => cell.trim());
    if (names === undefined) {
      names = checkedNames(cells, line, where);
      continue;
    }
    if (cells.length !== names.length) {
      throw new RangeError(
        `${where}: expected ${names.length} values separated by commas, got ${line.trim() === "" ? "an empty line" : inWords(line)}`,
      );
    }
    for (const name of columns) {
      const value = numberOf(cells[names.indexOf(name)]!, `${where}: ${name}`);
      const before = name === "g_uS" ? points.g_uS.at(-1) : undefined;
      if (before !== undefined && value <= before) {
        throw new RangeError(
          `${where}: g_uS: expected more than ${before}, the value before, got ${value}; sort the lines by g_uS and merge equal ones`,
        );
      }
      points[name].push(value);
    }
  }
  return points;
}

/** The names of the columns. */
function checkedNames(names: readonly string[], line: string, where: string): readonly string[] {
  const isEachOnce = columns.every((name) => names.filter((one) => one === name).length === 1);
  if (isEachOnce) return names;
  throw new RangeError(
    `${where}: expected the names of the columns, ${columns.join(" and ")}, separated by commas, got ${inWords(line)}`,
  );
}

/** A number ≥ 0. */
function numberOf(word: string, where: string): number {
  const value = decimal.test(word) ? Number(word) : Number.NaN;
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`${where}: expected a number ≥ 0, got ${word === "" ? "nothing" : inWords(word)}`);
}
