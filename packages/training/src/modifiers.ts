import type { GivenOf } from "@neft/options";
import type { ModifiedRun, ModifierHooks, TableModifier } from "./modifier.js";
import { clip } from "./modifiers/clip.js";

/** Settings of all modifiers. */
export const modifierSettings = { ...clip.settings };

/** The modifiers' settings. Plain data. */
export type ModifierSettings = GivenOf<typeof modifierSettings>;

/** All modifiers by id, in the order in which they act. */
export const modifiers: ReadonlyMap<string, TableModifier> = new Map([clip].map((row) => [row.id, row]));

/**
 * Begins the modifiers that are on.
 * @returns their hooks by id, in the order in which they act.
 * @throws {OptionError} for a setting out of range.
 */
export function startModifiers(run: ModifiedRun, settings: ModifierSettings): ReadonlyMap<string, ModifierHooks> {
  const started = [...modifiers].map(([id, row]) => [id, row.start(run, settings)] as const);
  return new Map(started.filter((one): one is [string, ModifierHooks] => one[1] !== undefined));
}
