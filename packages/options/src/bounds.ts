import { inWords } from "./inWords.js";

/** What a number may be; a bound that is left out isn't one. */
export interface Bounds {
  /** Exactly representable, without a fraction. Default false. */
  readonly whole?: boolean;
  readonly min?: number;
  /** Smallest value allowed is above this, not this itself. */
  readonly above?: number;
  readonly max?: number;
  /** Largest value allowed is below this. */
  readonly below?: number;
}

/** Whether a value is a finite number within bounds. */
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

/** "a whole number ≥ 1 and ≤ 256". */
export function boundsInWords({ whole, min, above, max, below }: Bounds): string {
  const parts = [
    min === undefined ? "" : ` ≥ ${min}`,
    above === undefined ? "" : ` > ${above}`,
    max === undefined ? "" : ` ≤ ${max}`,
    below === undefined ? "" : ` < ${below}`,
  ];
  return `a ${whole ? "whole " : ""}number${parts.filter((part) => part !== "").join(" and")}`;
}

/** @throws {RangeError} for a value that isn't within bounds; `who` names it. */
export function checkWithin(who: string, value: unknown, bounds: Bounds): void {
  if (!isWithin(value, bounds))
    throw new RangeError(`${who}: expected ${boundsInWords(bounds)}, got ${inWords(value)}`);
}
