import { arrayNodes, type Model } from "@neft/model";
import { defineSettings, type GivenOf, real } from "@neft/options";
import { clipToRootMeanSquare } from "@neft/tensor";

/** Settings of the modifiers: one per modifier, which turns it on. */
export const modifierSettings = defineSettings({
  clip: {
    kind: real({ min: 1 }, "<c>"),
    about: "after each step, clip every trained crossbar weight to ± c times its tensor's root mean square; c ≥ 1",
    group: "Training:",
  },
});

/** The modifiers that are on, with their values. Plain data. */
export type ModifierSettings = GivenOf<typeof modifierSettings>;

/** A change of a model's weights after each step. */
export interface Modifier {
  /** Name of the setting that turns it on. */
  readonly id: keyof ModifierSettings;
  /** Description in one line. */
  readonly summary: string;
  /**
   * Changes the weights in place.
   * @param frozen  Names of parameters that must not change.
   */
  afterStep(model: Model, setting: number, frozen: ReadonlySet<string>): void;
}

/**
 * Clips every array weight in place: w ← clamp(w, ± c·rms(w)) with rms = √(Σw²/n). Biases are not clipped. The variation is
 * proportional to max|W|, so clipping a few large weights reduces it directly.
 *
 * The root mean square is taken about 0, not about the mean, so that a tensor of equal weights is left unchanged. c must be at least
 * 1: max|W| ≥ rms in every tensor, so a smaller c would shrink all weights at each step, toward 0.
 */
const clip: Modifier = {
  id: "clip",
  summary: "clip each array weight to ± c times its root mean square after every step",
  afterStep(model, c, frozen) {
    for (const name of new Set(arrayNodes(model).map(({ weight }) => weight))) {
      if (!frozen.has(name)) clipToRootMeanSquare(model.parameters.get(name)!, c);
    }
  },
};

/** All modifiers by id. */
export const modifiers: ReadonlyMap<string, Modifier> = new Map([clip].map((row) => [row.id, row]));

/**
 * Returns the modifiers that are on, as functions that change the model's weights in place.
 * @param frozen  Names of parameters that must not change. Default: none.
 * @throws {OptionError} for a setting out of range.
 */
export function activeModifiers(
  settings: ModifierSettings,
  frozen: ReadonlySet<string> = new Set(),
): ((model: Model) => void)[] {
  return [...modifiers.values()].flatMap((modifier) => {
    const setting = settings[modifier.id];
    if (setting === undefined) return [];
    modifierSettings[modifier.id].kind.check(setting, modifier.id);
    return [(model: Model) => modifier.afterStep(model, setting, frozen)];
  });
}
