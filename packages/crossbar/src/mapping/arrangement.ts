/** How the cells of one weight stand for it. u = w/S in [−1, 1] is bias + Σ_arm gain·fraction, with fractions in [0, 1]. */
export interface Arrangement {
  /** Factor of each arm's fraction in u. */
  readonly gains: readonly number[];
  /** What is added digitally: minus the reference of an offset. */
  readonly bias: number;
  /** Fraction of the range that an arm holds for u. */
  fraction(u: number, arm: number): number;
}

/** Arrangements by the name that settings use. */
export const arrangements = {
  /** Two arms, u = g⁺ − g⁻: the one of the weight's sign holds |u|, the other is off. */
  differential: {
    gains: [1, -1],
    bias: 0,
    fraction: (u, arm) => Math.max(0, arm === 0 ? u : -u),
  },
  /** One arm holds (u + 1)/2; a constant reference without variation is subtracted digitally. */
  offset: {
    gains: [2],
    bias: -1,
    fraction: (u) => (u + 1) / 2,
  },
} as const satisfies Readonly<Record<string, Arrangement>>;

export type ArrangementName = keyof typeof arrangements;

/** The arrangement with a name. */
export const arrangementNamed = (name: ArrangementName): Arrangement => arrangements[name];
