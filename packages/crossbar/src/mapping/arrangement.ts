import type { CellArm } from "@neft/tensor";

/** How the cells of one weight stand for it. u = w/S in [−1, 1] is bias + Σ_arm gain·fraction, with fractions in [0, 1]. */
export interface Arrangement {
  /** The arms: each holds the fraction max(0, slope·u + shift) of its range. */
  readonly arms: readonly CellArm[];
  /** What is added digitally: minus the reference of an offset. */
  readonly bias: number;
}

/** Arrangements by the name that settings use. */
export const arrangements = {
  /** Two arms, u = g⁺ − g⁻: the one of the weight's sign holds |u|, the other is off. */
  differential: {
    arms: [
      { slope: 1, shift: 0, gain: 1 },
      { slope: -1, shift: 0, gain: -1 },
    ],
    bias: 0,
  },
  /** One arm holds (u + 1)/2; a constant reference without variation is subtracted digitally. */
  offset: {
    arms: [{ slope: 0.5, shift: 0.5, gain: 2 }],
    bias: -1,
  },
} as const satisfies Readonly<Record<string, Arrangement>>;

export type ArrangementName = keyof typeof arrangements;

/** The arrangement with a name. */
export const arrangementNamed = (name: ArrangementName): Arrangement => arrangements[name];
