import { has, isListOf, isWithin, kind, kinds, OptionError, type Rule, type Rules, required } from "@neft/options";
import type { SigmaCurve } from "@neft/tensor";
import { gMinOf, relativeFactor } from "./conductance-range.js";
import type { AgedCoefficients, Device, PolynomialProgramming, Programming } from "./record.js";
import { within } from "./record-rules.js";

/** What σ(x) depends on beside the device. */
export interface SigmaSettings {
  /** σ of one cell relative to its full scale. It applies to devices whose record has relative levels only (levels, normal). */
  readonly sigma: number;
  /** Factor of a σ that the record has in µS. Default: 1. */
  readonly scale?: number | undefined;
  /** Seconds since programming; 0 for the earliest measured. Default: 0. */
  readonly time_s?: number | undefined;
}

/** A kind of programming: the rules of its record, and what it means. */
interface ProgrammingKind<P extends Programming> {
  readonly rules: Rules<P>;
  /** Checks what concerns several members. `who` starts errors. @throws {RangeError} */
  check?(who: string, programming: P, device: Device): void;
  /** Whether σ is in µS. A conductance of such a device is never negative: it is clamped at 0. */
  readonly isPhysical: boolean;
  /** σ by conductance, both relative to gMax. @throws {OptionError} for a time without data. */
  curve(programming: P, device: Device, settings: SigmaSettings): SigmaCurve;
}

const isNumber = (value: unknown): boolean => Number.isFinite(value);
const coefficients = kind(
  "a list of numbers, lowest order first",
  (value) => isListOf(isNumber)(value) && (value as readonly number[]).length > 0,
);
const positive = within({ above: 0 });

const areFourNumbers = (value: unknown): value is readonly number[] =>
  isListOf((item) => isWithin(item, { min: 0 }))(value) && (value as readonly number[]).length === 4;

const agedRules: Rules<AgedCoefficients> = {
  t_s: required(within({ min: 0 })),
  coefficients_uS: required(coefficients),
};

/** A list of records, each by the rules. */
const listOfRecords =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value, who) => {
    kind("a list", Array.isArray)(value, who);
    for (const [i, item] of (value as readonly unknown[]).entries()) kinds.options(rules)(item, `${who}[${i}]`);
  };

type Kinds = { readonly [Kind in Programming["kind"]]: ProgrammingKind<Extract<Programming, { kind: Kind }>> };

/** Σ cᵢ·xⁱ at any x. */
const anywhere = (...coefficients: number[]): SigmaCurve => ({
  kind: "polynomial",
  coefficients,
  least: Number.NEGATIVE_INFINITY,
  most: Number.POSITIVE_INFINITY,
});

/** The kinds of programming by name. */
const programmingKinds: Kinds = {
  exact: {
    rules: { kind: required(kinds.oneOf("exact")) },
    isPhysical: false,
    curve: () => anywhere(0),
  },
  levels: {
    rules: {
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
    check: (who, { sigma, share }) => {
      const meanSquare = sigma.reduce((sum, s, level) => sum + share[level]! * s * s, 0);
      if (Number.isFinite(meanSquare) && meanSquare > 0) return;
      throw new RangeError(
        `${who}: programming: expected Σ share·sigma² > 0, got ${meanSquare}; a device without variation has kind exact`,
      );
    },
    isPhysical: false,
    curve: ({ sigma: levels, share }, device, { sigma }) => {
      const [outer, middle] = levels;
      const meanSquare = levels.reduce((sum, s, level) => sum + share[level]! * s * s, 0);
      const unit = sigma / Math.sqrt(meanSquare);
      return { kind: "levels", off: gMinOf(device), outer: unit * outer, middle: unit * middle };
    },
  },
  polynomial: {
    rules: {
      kind: required(kinds.oneOf("polynomial")),
      coefficients_uS: required(coefficients),
      per_uS: positive,
      t_s: within({ min: 0 }),
      later: listOfRecords(agedRules),
    },
    check: (who, { t_s, later }) => {
      if (later === undefined) return;
      const ages = [t_s, ...later.map((set) => set.t_s)];
      if (ages.every((age, i) => age !== undefined && (i === 0 || age > ages[i - 1]!))) return;
      throw new RangeError(
        `${who}: programming.later: expected ages that increase from t_s, got ${ages.map((age) => age ?? "none").join(", ")}`,
      );
    },
    isPhysical: true,
    curve: (programming, device, { scale = 1, time_s = 0 }) => {
      const { coefficients_uS } = coefficientsAt(programming, device.id, time_s);
      const gMax = device.gMax_uS!;
      const perGMax = relativeFactor(device, programming.per_uS);
      // Of x instead of y, and relative to gMax.
      let power = scale / gMax;
      const coefficients = coefficients_uS.map((c) => {
        const own = c * power;
        power *= perGMax;
        return own;
      });
      const { min_uS = 0, max_uS = gMax } = device.fitted ?? {};
      return { kind: "polynomial", coefficients, least: min_uS / gMax, most: max_uS / gMax };
    },
  },
  points: {
    rules: {
      kind: required(kinds.oneOf("points")),
      g_uS: required(
        kind("at least two increasing numbers ≥ 0", (value) => {
          if (!isListOf((item) => isWithin(item, { min: 0 }))(value)) return false;
          const list = value as readonly number[];
          return list.length >= 2 && list.every((g, i) => i === 0 || g > list[i - 1]!);
        }),
      ),
      sigma_uS: required(
        kind(
          "a list of numbers ≥ 0",
          isListOf((item) => isWithin(item, { min: 0 })),
        ),
      ),
    },
    check: (who, { g_uS, sigma_uS }) => {
      if (g_uS.length === sigma_uS.length) return;
      throw new RangeError(
        `${who}: programming.sigma_uS: expected one for each of the ${g_uS.length} g_uS, got ${sigma_uS.length}`,
      );
    },
    isPhysical: true,
    curve: ({ g_uS, sigma_uS }, device, { scale = 1 }) => {
      const gMax = device.gMax_uS!;
      return { kind: "points", scale: gMax, unit: scale / gMax, xs: g_uS, ys: sigma_uS };
    },
  },
  normal: {
    rules: {
      kind: required(kinds.oneOf("normal")),
      error: required(kinds.oneOf("independent", "proportional", "uniform")),
    },
    isPhysical: false,
    curve: ({ error }, _, { sigma }) => (error === "proportional" ? anywhere(0, sigma) : anywhere(sigma)),
  },
};

/** The names of the kinds, in words. */
export const programmingKindNames = Object.keys(programmingKinds)
  .join(", ")
  .replace(/, (\w+)$/, " or $1");

/** Whether a value is a record of a kind that is known. */
export const isOfKnownKind = (value: unknown): boolean =>
  has(value, "kind") && Object.hasOwn(programmingKinds, String(value.kind));

/** The kind of a programming record. */
export function kindOf({ kind }: Programming): ProgrammingKind<Programming> {
  return programmingKinds[kind] as unknown as ProgrammingKind<Programming>;
}

/** The ages at which a device's σ was measured, in seconds; undefined when σ is one for any age. */
export function measuredAges_s({ programming }: Device): readonly number[] | undefined {
  if (programming.kind !== "polynomial" || programming.later === undefined) return undefined;
  return [programming.t_s!, ...programming.later.map(({ t_s }) => t_s)];
}

/** The coefficients at an age; 0 is the first. @throws {OptionError} for an age without data. */
function coefficientsAt(
  programming: PolynomialProgramming,
  id: string,
  time_s: number,
): Pick<AgedCoefficients, "coefficients_uS"> {
  const { t_s, later } = programming;
  if (later === undefined || time_s === 0 || time_s === t_s) return programming;
  const set = later.find((one) => one.t_s === time_s);
  if (set !== undefined) return set;
  throw new OptionError({
    option: "time_s",
    expected: `0 or one of ${[t_s, ...later.map((one) => one.t_s)].join(", ")}, the ages in seconds at which ${id} was measured`,
    got: String(time_s),
  });
}
