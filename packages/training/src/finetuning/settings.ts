import { checkProgramming } from "@neft/crossbar";
import { type ChipSettings, limits } from "@neft/evaluation";
import { checkWithin, inWords, isListOf, optionError } from "@neft/options";
import { activeModifiers, type ModifierSettings } from "../modifiers.js";
import { type OptimiserSettings, optimiserNamed } from "../optimisers.js";
import { type ScheduleSettings, scheduleNamed } from "../schedules.js";
import { strategyNamed } from "../strategies.js";
import type { StrategySettings } from "../strategy.js";
import { withDefaults } from "../withDefaults.js";

/** How the best weights are chosen: plain data. */
export interface ValidationSettings {
  /** Samples held out of training for it, where no validation data is given; 5,000, but at most a fifth, unless said. */
  readonly images?: number | undefined;
  /** Chips, the same ones each time; 4 unless said. */
  readonly chips?: number | undefined;
  /** Steps between two validations; those of an epoch unless said. The last step is always validated. */
  readonly every?: number | undefined;
}

/** How a network is finetuned: plain data, what results record. */
export interface FinetuneSettings extends ChipSettings, ModifierSettings {
  readonly strategy: { readonly id: string } & StrategySettings;
  /** Device standard deviation in training; ≥ 0. */
  readonly sigma: number;
  /** 1 unless said. */
  readonly epochs?: number | undefined;
  /** Samples of a step; 128 unless said. */
  readonly batch?: number | undefined;
  /** Whether an epoch's last samples that don't fill a batch are left out; true unless said. */
  readonly dropLast?: boolean | undefined;
  /** 1e-3 unless said. */
  readonly learningRate?: number | undefined;
  /** Adam unless said. */
  readonly optimiser?: OptimiserSettings | undefined;
  /** Cosine unless said. */
  readonly schedule?: ScheduleSettings | undefined;
  /** Whether batch norm uses the batch's statistics and updates the running ones, or leaves them as they are; "batch" unless said. */
  readonly batchNorm?: "batch" | "frozen" | undefined;
  /** 1 unless said. */
  readonly seed?: number | undefined;
  /**
   * Parts of each batch that are computed apart, with batch statistics of their own, and added up in their order; 1 unless
   * said. They can run on as many workers. A change of it changes the numbers; the number of workers doesn't.
   */
  readonly shards?: number | undefined;
  readonly validation?: ValidationSettings | undefined;
  /**
   * Parameters that don't train, by their names or those of the layers that read them; * stands for any characters. A batch
   * normalisation whose running statistics are among them uses these in training, too. None are frozen where left out.
   */
  readonly freeze?: readonly string[] | undefined;
}

/** Settings with every default filled in, all checked. */
export interface ResolvedSettings extends ChipSettings, ModifierSettings {
  readonly strategy: { readonly id: string } & StrategySettings;
  readonly sigma: number;
  readonly epochs: number;
  readonly batch: number;
  readonly dropLast: boolean;
  readonly learningRate: number;
  readonly optimiser: OptimiserSettings;
  readonly schedule: ScheduleSettings;
  readonly batchNorm: "batch" | "frozen";
  readonly seed: number;
  readonly shards: number;
  readonly freeze: readonly string[] | undefined;
  readonly validation: { readonly images: number; readonly chips: number; readonly every: number | undefined };
}

/** Settings of a table's row, all that it reads. */
function filled<Settings extends { readonly id: string }>(
  given: Settings,
  rowOf: (given: Settings) => { readonly defaults: Omit<Settings, "id"> },
): Settings {
  return { id: given.id, ...withDefaults(rowOf(given).defaults, given) } as Settings;
}

/**
 * Fills in defaults and checks everything that can be checked before data is looked at.
 * @param samples  how many there are, before any are held out.
 * @throws {RangeError} naming the setting.
 */
export function resolveSettings(given: FinetuneSettings, samples: number): ResolvedSettings {
  const { device, sigma, weightBits, bitsPerCell, perSample, clip } = given;
  const {
    epochs = 1,
    batch = 128,
    dropLast = true,
    learningRate = 1e-3,
    batchNorm = "batch",
    seed = 1,
    shards = 1,
  } = given;
  const { validation = {} } = given;
  const { images = Math.max(1, Math.min(5000, Math.floor(samples / 5))), chips = 4, every } = validation;
  checkProgramming({ device, sigma, weightBits, bitsPerCell });
  for (const [name, value, bounds] of [
    ["epochs", epochs, limits.epochs],
    ["batch", batch, limits.batch],
    ["shards", shards, limits.shards],
    ["learningRate", learningRate, limits.learningRate],
    ["seed", seed, limits.seed],
    ["validation.images", images, limits.validationImages],
    ["validation.chips", chips, limits.chips],
    ["validation.every", every ?? 1, limits.validationEvery],
  ] as const) {
    checkWithin(name, value, bounds);
  }
  if (shards > batch) {
    throw optionError(
      (called) => `${called("shards")}: expected at most one for each of the batch's ${batch} samples, got ${shards}`,
    );
  }
  if (batchNorm !== "batch" && batchNorm !== "frozen") {
    throw new RangeError(`batchNorm: expected batch or frozen, got ${inWords(batchNorm)}`);
  }
  const optimiser = filled(given.optimiser ?? { id: "adam" }, optimiserNamed);
  const schedule = filled(given.schedule ?? { id: "cosine" }, scheduleNamed);
  activeModifiers({ clip });
  const { freeze } = given;
  if (freeze !== undefined && !isListOf((name) => typeof name === "string" && name !== "")(freeze)) {
    throw new RangeError(`freeze: expected a list of names, got ${inWords(freeze)}`);
  }
  const { id, ...ofStrategy } = given.strategy;
  const strategy = { id, ...strategyNamed(id).configure(ofStrategy).settings };
  const chip = { device, weightBits, bitsPerCell, perSample, clip };
  const run = { epochs, batch, dropLast, learningRate, optimiser, schedule, batchNorm, seed, shards, freeze };
  return { ...chip, ...run, strategy, sigma, validation: { images, chips, every } };
}
