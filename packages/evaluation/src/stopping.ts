import { looksUpTo } from "./looks.js";

/** Whether a precision was reached, and the numbers of chips at which that was tested. */
export interface Stopping {
  readonly precision: number;
  readonly reached: boolean;
  readonly looks: readonly number[];
}

/** The chips that a σ needed. */
export interface ChipsRead {
  readonly chips: number;
  /** Normal quantile of the interval; undefined for a plain 95 % interval. */
  readonly z?: number;
  /** With a precision only. */
  readonly stopping?: Stopping;
}

/**
 * Reads the chips of one σ: all of them or, with a precision, as many as it needs.
 *
 * @param read  Reads the chips [from, to).
 * @param halfWidth  Half-width of the interval of the mean over the first chips; null if there is none.
 */
export async function readUntil(
  { chips, precision }: { readonly chips: number; readonly precision?: number | undefined },
  read: (from: number, to: number) => Promise<void>,
  halfWidth: (chips: number, z: number) => number | null,
): Promise<ChipsRead> {
  if (precision === undefined) {
    await read(0, chips);
    return { chips };
  }
  const looks = looksUpTo(chips);
  let seen = 0;
  for (const look of looks.chips) {
    await read(seen, look);
    seen = look;
    const half = halfWidth(seen, looks.z);
    const reached = half !== null && half <= precision;
    if (reached || seen === chips) {
      const taken = looks.chips.filter((count) => count <= seen);
      return { chips: seen, z: looks.z, stopping: { precision, reached, looks: taken } };
    }
  }
  throw new Error("looks: expected the last look to be at the maximum number of chips");
}
