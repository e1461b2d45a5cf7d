import { arrayNodes, type Model } from "@neft/model";
import { clipToStd } from "@neft/tensor";

/** What happens to weights after each step, as plain data. */
export interface ModifierSettings {
  /** Clips every array weight to ± this many of its own standard deviations. */
  readonly clip?: number | undefined;
}

/** Something done to a model's weights after each step. */
export interface Modifier {
  /** The setting that turns it on. */
  readonly id: keyof ModifierSettings;
  /** One line for lists. */
  readonly summary: string;
  /** @throws {RangeError} when the setting is out of range. */
  check(setting: number): void;
  afterStep(model: Model, setting: number): void;
}

/**
 * w ← clamp(w, ± c·std(w)) of every array weight, biases not. Variation is proportional to max|W|, so this cuts it
 * directly, for the price of a few clipped weights.
 */
const clip: Modifier = {
  id: "clip",
  summary: "clip each array weight to ± c of its standard deviations after every step",
  check(c) {
    if (!(Number.isFinite(c) && c > 0)) throw new RangeError(`clip: expected a number > 0, got ${c}`);
  },
  afterStep(model, c) {
    for (const name of new Set(arrayNodes(model).map(({ weight }) => weight))) {
      clipToStd(model.parameters.get(name)!, c);
    }
  },
};

/** The modifiers that can be turned on. */
export const modifiers: ReadonlyMap<string, Modifier> = new Map([clip].map((row) => [row.id, row]));

/** The modifiers that are on, each as a function of the model. */
export function activeModifiers(settings: ModifierSettings): ((model: Model) => void)[] {
  return [...modifiers.values()].flatMap((modifier) => {
    const setting = settings[modifier.id];
    if (setting === undefined) return [];
    modifier.check(setting);
    return [(model: Model) => modifier.afterStep(model, setting)];
  });
}
