import { arrayNodes, type Model } from "@neft/model";
import { defineSettings, type GivenOf, real } from "@neft/options";
import { clipToRootMeanSquare } from "@neft/tensor";

/** What happens to weights after each step. */
export const modifierSettings = defineSettings({
  clip: {
    kind: real({ min: 1 }, "<c>"),
    about:
      "after each step clip every crossbar weight that trains to ± c times its tensor's root mean square; c is 1 or more",
    group: "Training:",
  },
});

/** Plain data. */
export type ModifierSettings = GivenOf<typeof modifierSettings>;

/** Something done to a model's weights after each step. */
export interface Modifier {
  /** The setting that turns it on. */
  readonly id: keyof ModifierSettings;
  /** One line for lists. */
  readonly summary: string;
  /** @param frozen  names of parameters that stay as they are. */
  afterStep(model: Model, setting: number, frozen: ReadonlySet<string>): void;
}

/**
 * w ← clamp(w, ± c·rms(w)) of every array weight, biases not; rms = √(Σw²/n). Variation is proportional to max|W|, so this cuts it
 * directly, for the price of a few clipped weights.
 *
 * The root mean square is about 0 as the clamp is: a tensor of equal weights, such as a blur kernel, stays as it is. No tensor's largest
 * weight is below it, so a smaller c would shrink all of them at every step until nothing is left.
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

/** The modifiers that can be turned on. */
export const modifiers: ReadonlyMap<string, Modifier> = new Map([clip].map((row) => [row.id, row]));

/**
 * The modifiers that are on, each as a function of the model.
 * @throws {OptionError} when a setting is out of range.
 * @param frozen  names of parameters that stay as they are.
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
