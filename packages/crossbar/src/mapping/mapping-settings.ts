import {
  because,
  defineSettings,
  type GivenOf,
  OptionError,
  oneOf,
  refuse,
  resolveOptions,
  type WordKind,
  whole,
} from "@neft/options";
import { type ArrangementName, arrangements } from "./arrangement.js";

/** Most bits of a weight and of a cell: codes fit 16 bits, and powers of 4 up to here are exact. */
export const maxBits = 16;

const bits = because(whole({ min: 1, max: maxBits }), "codes have 16 bits at most");

/** Bits of a stored weight, or null for one that isn't quantised. */
const bitsOrNull: WordKind<number | null> = {
  words: `${bits.words}, or null`,
  placeholder: "<n>",
  check: (value, option) => {
    if (value === null) return null;
    return typeof value === "number" ? bits.check(value, option) : refuse(option, bitsOrNull.words, value);
  },
  parse: (word, option) => (word === "none" ? null : bits.parse(word, option)),
};

/** How weights become conductances. */
export const mappingSettings = defineSettings({
  weightBits: { kind: bitsOrNull, about: "bits of a stored weight; null leaves weights unquantised", default: 8 },
  bitsPerCell: { kind: bits, about: "bits of one cell, a divisor of the weight's", defaultWords: "the device's own" },
  scale: {
    kind: oneOf(["tensor", "column"]),
    about: "S = max|w| of the whole parameter, or of each output's weights",
    default: "tensor",
  },
  arrangement: {
    kind: oneOf(Object.keys(arrangements) as ArrangementName[]),
    about: "a pair of cells, w = S(g⁺ − g⁻), or one cell and a constant reference over [−S, S]",
    default: "differential",
  },
});

/** What a weight's cells are, all settings resolved. */
export interface Mapping {
  /** M; null: weights aren't quantised, and one cell holds a fraction of any value. */
  readonly weightBits: number | null;
  /** K, a divisor of M. */
  readonly bitsPerCell: number;
  readonly scale: "tensor" | "column";
  readonly arrangement: ArrangementName;
}

/**
 * Checks the settings of a mapping and fills in defaults.
 * @param device  gives the default of `bitsPerCell`.
 * @param who  Name of the settings, the start of the error message.
 * @throws {RangeError} for an unknown setting, one out of range, or bits per cell that don't divide the weight's.
 */
export function mappingOf(
  given: GivenOf<typeof mappingSettings>,
  device: { readonly bitsPerCell: number },
  who = "mapping",
): Mapping {
  const { bitsPerCell = device.bitsPerCell, ...rest } = resolveOptions(who, given, mappingSettings);
  checkDivisor(rest.weightBits, bitsPerCell);
  return { ...rest, bitsPerCell };
}

/**
 * Checks that weights of `weightBits` fill whole cells of `bitsPerCell`.
 * @throws {OptionError} otherwise.
 */
export function checkDivisor(weightBits: number | null, bitsPerCell: number): void {
  if (weightBits === null || weightBits % bitsPerCell === 0) return;
  throw new OptionError({
    option: "bitsPerCell",
    expected: `a divisor of {weightBits} (${weightBits})`,
    got: String(bitsPerCell),
    mentions: ["weightBits"],
  });
}
