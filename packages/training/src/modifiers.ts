import type { GivenOf } from "@neft/options";
import type { LossTerm, ModifiedRun, ModifierHooks, TableModifier } from "./modifier.js";
import { clip } from "./modifiers/clip.js";
import { clipGradients } from "./modifiers/clip-gradients.js";
import { distill } from "./modifiers/distill.js";
import { ema } from "./modifiers/ema.js";
import { perSample } from "./modifiers/per-sample.js";
import { recalibrate } from "./modifiers/recalibrate.js";

/** Settings of all modifiers. */
export const modifierSettings = {
  ...clip.settings,
  ...clipGradients.settings,
  ...distill.settings,
  ...perSample.settings,
  ...ema.settings,
  ...recalibrate.settings,
};

/** The modifiers' settings. Plain data. */
export type ModifierSettings = GivenOf<typeof modifierSettings>;

/** All modifiers by id, in the order in which they act. */
export const modifiers: ReadonlyMap<string, TableModifier> = new Map(
  [clip, clipGradients, distill, perSample, ema, recalibrate].map((row) => [row.id, row]),
);

/**
 * Begins the modifiers that are on.
 * @returns their hooks by id, in the order in which they act.
 * @throws {OptionError} for a setting out of range, or a network for which it does nothing.
 */
export function startModifiers(run: ModifiedRun, settings: ModifierSettings): ReadonlyMap<string, ModifierHooks> {
  const started = [...modifiers].map(([id, row]) => [id, row.start(run, settings)] as const);
  return new Map(started.filter((one): one is [string, ModifierHooks] => one[1] !== undefined));
}

/** The terms of the loss of the modifiers that are on. @throws {OptionError} for a setting out of range. */
export const lossTerms = (settings: ModifierSettings): LossTerm[] =>
  [...modifiers.values()].flatMap((row) => row.term(settings) ?? []);
