import { inWords } from "./in-words.js";

/** Bounds of a finite number. Default of each bound: none. */
export interface Bounds {
  /** Require a safe integer: at most ±(2⁵³ − 1). Default: false. */
  readonly whole?: boolean;
  /** Inclusive lower bound. */
  readonly min?: number;
  /** Exclusive lower bound. */
  readonly above?: number;
  /** Inclusive upper bound. */
  readonly max?: number;
  /** Exclusive upper bound. */
  readonly below?: number;
}

/** Whether a value is a finite number within the bounds. */
export function isWithin(value: unknown, { whole, min, above, max, below }: Bounds): value is number {
  return (
    typeof value === "number" &&
    (whole ? Number.isSafeInteger(value) : Number.isFinite(value)) &&
    (min === undefined || value >= min) &&
    (above === undefined || value > above) &&
    (max === undefined || value <= max) &&
    (below === undefined || value < below)
  );
}

/** Describes bounds for errors: "a whole number ≥ 1 and ≤ 256". */
export function boundsInWords({ whole, min, above, max, below }: Bounds): string {
  const parts = [
    min === undefined ? "" : ` ≥ ${min}`,
    above === undefined ? "" : ` > ${above}`,
    max === undefined ? "" : ` ≤ ${max}`,
    below === undefined ? "" : ` < ${below}`,
  ];
  return `a ${whole ? "whole " : ""}number${parts.filter((part) => part !== "").join(" and")}`;
}

/**
 * Checks that a value is within bounds.
 *
 * @param who  Name of the value, the start of the error message.
 * @throws {RangeError} for a value out of bounds.
 */
export function checkWithin(who: string, value: unknown, bounds: Bounds): void {
  if (!isWithin(value, bounds))
    throw new RangeError(`${who}: expected ${boundsInWords(bounds)}, got ${inWords(value)}`);
}
