import { checkOptions, inWords, isListOf, kind, kinds, type Rules, required } from "@neft/options";
import { adversarial } from "./strategies/adversarial.js";
import { correctnet } from "./strategies/correctnet.js";
import { distillation } from "./strategies/distillation.js";
import { irs } from "./strategies/irs.js";
import { noiseInjection } from "./strategies/noise-injection.js";
import { none } from "./strategies/none.js";
import { ovf } from "./strategies/ovf.js";
import { ovfIrs } from "./strategies/ovf-irs.js";
import { sam } from "./strategies/sam.js";
import { sigmaAbove } from "./strategies/sigma-above.js";
import { sigmaRamp } from "./strategies/sigma-ramp.js";
import { temperature } from "./strategies/temperature.js";
import { vant } from "./strategies/vant.js";
import {
  defineStrategy,
  type Strategy,
  type StrategyRow,
  type StrategySettings,
  strategySettings,
} from "./strategy.js";

const rows: readonly Strategy[] = [
  noiseInjection,
  ovf,
  irs,
  ovfIrs,
  temperature,
  vant,
  sigmaRamp,
  sigmaAbove,
  correctnet,
  adversarial,
  sam,
  none,
  distillation,
];

const table = new Map(rows.map((strategy) => [strategy.id, strategy]));

/** Ids of the strategies that workers know, too. */
const builtIn: ReadonlySet<string> = new Set(table.keys());

/** All strategies by id. */
export const strategies: ReadonlyMap<string, Strategy> = table;

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

/** @throws {RangeError} if a strategy can't run in workers, because its code is in this thread only. */
export function checkInWorkers(id: string): void {
  if (builtIn.has(id)) return;
  throw new RangeError(
    `finetune: strategy ${inWords(id)}: expected no workers, which know only ${[...builtIn].join(", ")}; leave out the option workers`,
  );
}

const settingNames = kind(
  `a list of settings (${Object.keys(strategySettings).join(", ")})`,
  isListOf((name) => Object.hasOwn(strategySettings, String(name))),
);

/** Like a device's id; at most 64 characters, because errors, progress and files repeat it. */
const strategyId = kind(
  "an id of lower-case letters, digits and dashes, at most 64",
  (id) => typeof id === "string" && /^[a-z][a-z0-9-]{0,63}$/.test(id),
);

const fields: Rules<StrategyRow<StrategySettings>> = {
  id: required(strategyId),
  summary: required(kinds.name),
  defaults: required(kind("an object of settings", (value) => typeof value === "object" && value !== null)),
  hasHeads: kinds.flag,
  hasTeacher: kinds.flag,
  source: kinds.name,
  cost: kind("a function", (value) => typeof value === "function"),
  target: kinds.oneOf("labels", "clean"),
  optional: settingNames,
  loss: required(kind("a function", (value) => typeof value === "function")),
};

/**
 * Adds a strategy to the table.
 * @param who  Name of the caller, for errors.
 * @throws {RangeError} for an id that is taken or has other characters than lower-case letters, digits and dashes, or an invalid field.
 */
export function addStrategy<S extends StrategySettings>(who: string, row: StrategyRow<S>): Strategy {
  checkOptions(who, row, fields as unknown as Rules<StrategyRow<S>>);
  if (row.hasHeads && row.target === "clean")
    throw new RangeError(`${who}: hasHeads: expected none with the target clean, which has no classes, got true`);
  if (table.has(row.id)) throw new RangeError(`${who}: id: expected a new id, got ${inWords(row.id)}, which is taken`);
  settingNames(Object.keys(row.defaults), `${who}: defaults`);
  const strategy = defineStrategy(row);
  // Checks the values of the defaults.
  strategy.configure(strategy.defaults);
  table.set(row.id, strategy);
  return strategy;
}
