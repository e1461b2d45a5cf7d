import { inWords } from "@neft/options";
import { irs } from "./strategies/irs.js";
import { noiseInjection } from "./strategies/noise-injection.js";
import { none } from "./strategies/none.js";
import { ovf } from "./strategies/ovf.js";
import { temperature } from "./strategies/temperature.js";
import type { Strategy } from "./strategy.js";

/** All strategies by id. */
export const strategies: ReadonlyMap<string, Strategy> = new Map(
  [noiseInjection, ovf, irs, temperature, none].map((strategy) => [strategy.id, strategy]),
);

/**
 * Looks up a strategy by id.
 * @throws {RangeError} for an unknown id; lists the known ones.
 */
export function strategyNamed(id: string): Strategy {
  const strategy = strategies.get(id);
  if (!strategy)
    throw new RangeError(`strategy: expected one of ${[...strategies.keys()].join(", ")}, got ${inWords(id)}`);
  return strategy;
}
