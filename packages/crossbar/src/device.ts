import { checkOptions, has, inWords, kind, kinds, type Rules, required } from "@neft/options";

/** Publication that a device's numbers are from. */
export interface Source {
  readonly cite: string;
  readonly doi?: string;
}

/** Programming without variation: a cell holds exactly the value written. */
export interface ExactProgramming {
  readonly kind: "exact";
}

/**
 * Programming variation by level. |w|/S in [0, 1] is divided into four equal bins, one per level; each level has a relative standard
 * deviation. A value on the edge between two bins belongs to the outer level.
 */
export interface LevelProgramming {
  readonly kind: "levels";
  /** Relative standard deviations of the levels, lowest level first. The middle ones are equal, and the outer ones are equal. */
  readonly sigma: readonly [outer: number, middle: number, middle: number, outer: number];
  /**
   * Assumed share of the weights in each level; sums to 1. Standard deviations are divided by √(Σ share·sigma²), so that devices
   * with different levels are compared at the same mean variance.
   */
  readonly share: readonly [number, number, number, number];
}

/** A type of memory device, as plain data. */
export interface Device {
  readonly id: string;
  /** One-line description. */
  readonly summary: string;
  readonly technology: string;
  /** Bits per cell; settings can override it. */
  readonly bitsPerCell: number;
  readonly source: Source;
  readonly programming: ExactProgramming | LevelProgramming;
}

/** Freezes a value and all it contains. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

/** Maximum bits of a cell, equal to the maximum bits of a weight. */
const maxCellBits = 16;

const sourceRules: Rules<Source> = { cite: required(kinds.name), doi: kinds.name };

const deviceRules: Rules<Device> = {
  id: required(
    kind(
      "an id of lower-case letters, digits and dashes",
      (id) => typeof id === "string" && /^[a-z][a-z0-9-]*$/.test(id),
    ),
  ),
  summary: required(kinds.name),
  technology: required(kinds.name),
  bitsPerCell: required(
    kind(
      `a whole number from 1 to ${maxCellBits}`,
      (bits) => Number.isInteger(bits) && (bits as number) >= 1 && (bits as number) <= maxCellBits,
    ),
  ),
  source: required(kinds.options(sourceRules)),
  programming: required(
    kind(
      "a record of kind exact or levels",
      (value) => has(value, "kind") && Object.hasOwn(programmingRules, String(value.kind)),
    ),
  ),
};

const areFourNumbers = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length === 4 && Array.from(value).every((item) => Number.isFinite(item) && item >= 0);

const programmingRules: {
  readonly [Kind in Device["programming"]["kind"]]: Readonly<Record<string, ReturnType<typeof required>>>;
} = {
  exact: { kind: required(kinds.oneOf("exact")) },
  levels: {
    kind: required(kinds.oneOf("levels")),
    sigma: required(
      kind(
        "four numbers ≥ 0, outer levels equal and middle levels equal",
        (sigma) => areFourNumbers(sigma) && sigma[0] === sigma[3] && sigma[1] === sigma[2],
      ),
    ),
    // Four decimal fractions sum to 1 within a few roundings.
    share: required(
      kind(
        "four numbers ≥ 0 with sum 1",
        (share) => areFourNumbers(share) && Math.abs(share.reduce((sum, s) => sum + s, 0) - 1) <= 1e-9,
      ),
    ),
  },
};

/** Checked and frozen devices, which need no second check. */
const checked = new WeakSet<Device>();

/**
 * Checks a device record.
 * @throws {RangeError} naming the member that is missing, unknown or out of range.
 */
export function checkDevice(device: Device): void {
  if (checked.has(device)) return;
  const who = `device ${has(device, "id") ? inWords(device.id) : "without an id"}`;
  checkOptions(who, device, deviceRules, `${who}: `);
  const { programming } = device;
  checkOptions(`${who}: programming`, programming, programmingRules[programming.kind], `${who}: programming.`);
  if (programming.kind === "levels") checkMeanSquare(who, programming);
}

/** Checks Σ share·sigma², by whose root the standard deviations are divided. */
function checkMeanSquare(who: string, { sigma, share }: LevelProgramming): void {
  const meanSquare = sigma.reduce((sum, s, level) => sum + share[level]! * s * s, 0);
  if (!(Number.isFinite(meanSquare) && meanSquare > 0)) {
    throw new RangeError(
      `${who}: programming: expected Σ share·sigma² > 0, got ${meanSquare}; a device without variation has kind exact`,
    );
  }
}

/**
 * Checks a device record and returns a frozen copy of it.
 * @throws {RangeError} as `checkDevice`.
 */
export function defineDevice(device: Device): Device {
  checkDevice(device);
  if (checked.has(device)) return device;
  const { programming } = device;
  const own = deepFreeze<Device>({
    ...device,
    source: { ...device.source },
    programming:
      programming.kind === "levels"
        ? { ...programming, sigma: [...programming.sigma], share: [...programming.share] }
        : { ...programming },
  });
  checked.add(own);
  return own;
}
