import { checkWithin, inWords, nested, OptionError } from "@neft/options";
import { deviceToDevice } from "./device-to-device.js";
import { drift } from "./drift.js";
import type { Cells, DeviceState, Effect, EffectContext, EffectCounts } from "./effect.js";
import { programming, writeVerify } from "./programming.js";
import { flicker, readNoise } from "./read-noise.js";
import { stuck } from "./stuck.js";

/** All effects by id, in the order in which they act. */
export const effects: ReadonlyMap<string, Effect> = new Map(
  [programming, writeVerify, deviceToDevice, stuck, drift, flicker, readNoise].map((row) => [
    row.id,
    row as unknown as Effect,
  ]),
);

/** An effect with its settings, checked. */
export interface ChosenEffect {
  readonly effect: Effect;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Checks effects and their settings and puts them in the order in which they act.
 * @param given  ids with settings: `{ id: "stuck", pStuckOn: 0.01 }`.
 * @throws {OptionError} for an unknown id, one that is given twice, or a setting that is unknown, out of range or doesn't fit the device.
 */
export function chooseEffects(
  given: readonly { readonly id: string; readonly [setting: string]: unknown }[],
  state: DeviceState,
): readonly ChosenEffect[] {
  checkWithin("time_s", state.time_s, { min: 0 });
  const known = [...effects.keys()];
  const chosen = given.map(({ id, ...settings }, i) => {
    const effect = effects.get(id);
    if (effect === undefined) {
      throw new OptionError({ option: `effects[${i}].id`, expected: `one of ${known.join(", ")}`, got: inWords(id) });
    }
    const option = `effects.${id}`;
    if (given.findIndex((other) => other.id === id) !== i) {
      throw new OptionError({ option, expected: "each effect once", got: "it twice" });
    }
    const resolved = nested(effect.settings).check(settings, option);
    effect.check(resolved as never, state);
    return { effect, settings: resolved };
  });
  return chosen.sort((a, b) => known.indexOf(a.effect.id) - known.indexOf(b.effect.id));
}

/**
 * Applies those of the chosen effects that act at one moment, in their order, and adds up what they count.
 * @param contextOf  the context of an effect, with its stream.
 */
export function applyEffects(
  cells: Cells,
  chosen: readonly ChosenEffect[],
  when: Effect["when"],
  contextOf: (effect: Effect) => EffectContext,
): EffectCounts {
  const total: Record<string, number> = {};
  for (const { effect, settings } of chosen) {
    if (effect.when !== when) continue;
    for (const [name, count] of Object.entries(effect.apply(cells, settings as never, contextOf(effect)))) {
      total[name] = (total[name] ?? 0) + count;
    }
  }
  return total;
}
