import { checkOptions, has, inWords, kind, kinds, type Rules, required } from "@neft/options";

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

/** Most bits of a cell: as many as a weight has. */
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

const isFour = (value: unknown): value is readonly number[] =>
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
        (sigma) => isFour(sigma) && sigma[0] === sigma[3] && sigma[1] === sigma[2],
      ),
    ),
    // The sum of four decimal fractions may miss 1 by a few roundings.
    share: required(
      kind(
        "four numbers ≥ 0 with sum 1",
        (share) => isFour(share) && Math.abs(share.reduce((sum, s) => sum + s, 0) - 1) <= 1e-9,
      ),
    ),
  },
};

/** Records that were checked and can't change any more. */
const checked = new WeakSet<Device>();

/**
 * Throws unless a record is a device that the model of variation understands, whole.
 * @throws {RangeError} naming what is missing, unknown or makes no sense.
 */
export function checkDevice(device: Device): void {
  if (checked.has(device)) return;
  const who = `device ${has(device, "id") ? inWords(device.id) : "without an id"}`;
  checkOptions(who, device, deviceRules, `${who}: `);
  const { programming } = device;
  checkOptions(`${who}: programming`, programming, programmingRules[programming.kind], `${who}: programming.`);
  if (programming.kind === "levels") checkMeanSquare(who, programming);
}

/** The levels' standard deviations are divided by the root of it. */
function checkMeanSquare(who: string, { sigma, share }: LevelProgramming): void {
  const meanSquare = sigma.reduce((sum, s, level) => sum + share[level]! * s * s, 0);
  if (!(Number.isFinite(meanSquare) && meanSquare > 0)) {
    throw new RangeError(
      `${who}: programming: expected Σ share·sigma² > 0, got ${meanSquare}; a device without variation has kind exact`,
    );
  }
}

/**
 * Checks, copies and freezes a device record.
 * @throws {RangeError} as `checkDevice`.
 */
export function defineDevice(device: Device): Device {
  checkDevice(device);
  if (checked.has(device)) return device;
  const { programming } = device;
  const own = frozen<Device>({
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
