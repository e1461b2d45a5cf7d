import { inWords } from "@neft/options";

/** Where a device's numbers come from. */
export interface Source {
  readonly cite: string;
  readonly doi?: string;
}

/** A device that takes exactly the value written to it. */
export interface ExactProgramming {
  readonly kind: "exact";
}

/**
 * Programming variation by level: |w|/S in [0, 1] is cut into four equal bins, one a level, and each level has its own
 * standard deviation, relative to the others. A value on an edge between bins belongs to the outer level.
 */
export interface LevelProgramming {
  readonly kind: "levels";
  /** Relative standard deviation of the levels, lowest first; the two middle ones are equal, and so are the two outer ones. */
  readonly sigma: readonly [outer: number, middle: number, middle: number, outer: number];
  /**
   * Share of the weights that each level is taken to hold; sums to 1. The levels' standard deviations are divided by
   * √(Σ share·sigma²), so that devices with different levels are compared at the same mean variance.
   */
  readonly share: readonly [number, number, number, number];
}

/** A kind of memory device: numbers only, no behaviour. */
export interface Device {
  readonly id: string;
  /** One line for lists. */
  readonly summary: string;
  readonly technology: string;
  /** Bits one cell holds unless a run asks for another number. */
  readonly bitsPerCell: number;
  readonly source: Source;
  readonly programming: ExactProgramming | LevelProgramming;
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}

function checkLevels(id: string, { sigma, share }: LevelProgramming): void {
  const fail = (expected: string, got: readonly number[]): never => {
    throw new RangeError(`device "${id}": expected ${expected}, got ${inWords(got)}`);
  };
  if (
    sigma.length !== 4 ||
    !sigma.every((s) => Number.isFinite(s) && s >= 0) ||
    sigma[0] !== sigma[3] ||
    sigma[1] !== sigma[2]
  ) {
    fail("programming.sigma to be four numbers ≥ 0, outer levels equal and middle levels equal", sigma);
  }
  const total = share.reduce((sum, s) => sum + s, 0);
  // The sum of four decimal fractions may miss 1 by a few roundings.
  if (share.length !== 4 || !share.every((s) => s >= 0) || Math.abs(total - 1) > 1e-9) {
    fail("programming.share to be four numbers ≥ 0 with sum 1", share);
  }
}

/**
 * Checks and freezes a device record.
 * @throws {RangeError} when a number of the record makes no sense.
 */
export function defineDevice(device: Device): Device {
  if (!/^[a-z][a-z0-9-]*$/.test(device.id)) {
    throw new RangeError(`device "${device.id}": expected an id of lower-case letters, digits and dashes`);
  }
  if (!Number.isInteger(device.bitsPerCell) || device.bitsPerCell < 1) {
    throw new RangeError(
      `device "${device.id}": expected bitsPerCell to be a whole number ≥ 1, got ${inWords(device.bitsPerCell)}`,
    );
  }
  if (device.programming.kind === "levels") checkLevels(device.id, device.programming);
  return frozen({ ...device });
}
