import {
  type ChipSpec,
  chipSettings,
  chipsOf,
  isDetailed,
  isMeasured,
  readSettings,
  standardDeviation,
  timeKind,
  withChip,
} from "@neft/crossbar";
import { chipCount, comparisonSettings, outputSettings, seedSettings } from "@neft/evaluation";
import {
  chosenFrom,
  defineSettings,
  flag,
  type GivenOf,
  has,
  listOf,
  nested,
  OptionError,
  oneOf,
  type ResolvedOf,
  real,
  resolve,
  text,
  whole,
} from "@neft/options";
import { modifierSettings } from "../modifiers.js";
import { optimiserKind, optimisers } from "../optimisers.js";
import { scheduleKind, schedules } from "../schedules.js";
import { strategies } from "../strategies.js";
import { strategySettings } from "../strategy.js";

const group = "Training:";

/** Lists ids with their summaries, for help texts. */
const summaries = (rows: ReadonlyMap<string, { readonly summary: string }>): string =>
  [...rows].map(([id, { summary }]) => `${id} (${summary})`).join("; ");

const strategyKind = chosenFrom(strategies, strategySettings);

/** Settings of validation. */
export const validationSettings = defineSettings({
  images: {
    kind: whole({ min: 1 }),
    about: "samples held out of training to choose the best weights, if no validation data is given",
    defaultWords: "5000, but at most a fifth of the samples",
    flag: "--validation <n>",
    group,
  },
  chips: {
    kind: chipCount,
    about: "number of validation chips; every validation uses the same chips",
    default: 4,
    flag: "--validation-chips <n>",
    group,
  },
  every: {
    kind: whole({ min: 1 }),
    about: "steps between two validations; the last step is always validated",
    defaultWords: "the steps of an epoch",
    flag: "--validation-every <n>",
    group,
  },
});

/** Settings of `finetune`. */
export const finetuneSettings = defineSettings({
  ...outputSettings,
  ...comparisonSettings,
  ...chipSettings,
  ...readSettings,
  time: {
    ...readSettings.time,
    kind: timeKind,
    about: "age of the chips at which they are read: seconds, or 1s, 1m, 1h, 1d, 1y",
  },
  sigma: {
    kind: standardDeviation,
    about: "device standard deviation in training, relative to full scale, 0 to 1",
    default: 0.2,
    defaultWords: "0.2, or the chip's own",
    group: "Chips:",
  },
  strategy: {
    kind: strategyKind,
    about: summaries(strategies),
    default: strategyKind.check("ovf", "strategy"),
    defaultWords: "ovf",
    group,
  },
  epochs: { kind: whole({ min: 1, max: 100_000 }), about: "passes over the training samples", default: 1, group },
  learningRate: {
    kind: real({ above: 0 }),
    about: "initial learning rate",
    default: 1e-3,
    flag: "--lr <x>",
    group,
  },
  batch: { kind: whole({ min: 1, max: 1_000_000 }), about: "samples per step", default: 128, group },
  optimiser: {
    kind: optimiserKind,
    about: summaries(optimisers),
    default: optimiserKind.check("adam", "optimiser"),
    defaultWords: "adam",
    group,
  },
  schedule: {
    kind: scheduleKind,
    about: summaries(schedules),
    default: scheduleKind.check("cosine", "schedule"),
    defaultWords: "cosine",
    group,
  },
  ...modifierSettings,
  equalise: {
    kind: flag,
    about:
      "rescale channels before the first step, as equalise does with the training samples, device, sigma and seed; frozen parameters, too",
    default: false,
    group,
  },
  learnPeriphery: {
    kind: flag,
    about:
      "with a chip: learn the ranges of the inputs' converters, and a factor of each output that the chip applies digitally; results have them as the chip's calibration",
    default: false,
    group: "Chips:",
  },
  freeze: {
    kind: listOf(text(), { least: 0, most: 100_000, words: "a list of names" }),
    about:
      "names of parameters that don't train, or of layers, for all their parameters; * matches any characters. A batch normalisation whose running statistics are frozen normalises with them",
    group,
  },
  batchNorm: {
    kind: oneOf(["frozen", "batch"], "<mode>"),
    about:
      "batch normalisation: frozen (running statistics of the file) or batch (statistics of each batch; the running ones are updated)",
    default: "batch",
    flag: "--bn <mode>",
    group,
  },
  shards: {
    kind: whole({ min: 1, max: 4096 }),
    about:
      "parts of a batch that run on separate workers; gradients are added in order. Each shard has its own batch statistics, so with batchNorm batch the number of shards changes results",
    default: 1,
    group,
  },
  dropLast: {
    kind: flag,
    about: "skip an epoch's last batch if it isn't full",
    default: true,
    flag: "--keep-partial",
    switchAbout: "train on an epoch's last batch even if it isn't full",
    group,
  },
  validation: {
    kind: nested(validationSettings),
    about: "choice of the best weights",
    default: resolve(validationSettings, {}),
    defaultWords: "see its settings",
    group,
  },
  ...seedSettings,
});

/** Settings that callers pass. */
export type FinetuneSettings = GivenOf<typeof finetuneSettings>;

/** Checked settings with defaults filled in. Plain data; results record it. */
export interface ResolvedSettings extends Omit<ResolvedOf<typeof finetuneSettings>, "validation"> {
  readonly validation: ResolvedOf<typeof validationSettings> & { readonly images: number };
}

/** OVF's increments for devices that were measured: of the factor of their standard deviation. */
const measuredDeltas = [0.75, 0.5, 0.25];

/**
 * Settings with what their chip says of them, as `withChip`; the increments of σ of a strategy that has some, if they aren't given, suit a
 * device that was measured. Idempotent, before defaults are filled in.
 */
export function withTrainedChip<Given extends FinetuneSettings>(given: Given): Given {
  const own = withChip(given);
  const { chip, strategy = finetuneSettings.strategy.default.id } = own ?? {};
  if (chip === undefined || chip === null || !isMeasured((chip as ChipSpec).device)) return own;
  const chosen = typeof strategy === "string" ? { id: strategy } : strategy;
  if (!has(chosen, "id")) return own;
  const { deltaSigma } = (strategies.get(chosen.id)?.defaults ?? {}) as { readonly deltaSigma?: readonly number[] };
  if (deltaSigma === undefined || chosen.deltaSigma !== undefined) return own;
  return { ...own, strategy: { ...chosen, deltaSigma: measuredDeltas } };
}

/**
 * Checks settings and fills in defaults.
 * @param samples  Number of samples, before any are held out.
 * @throws {OptionError} for the first invalid setting.
 */
export function resolveSettings(given: FinetuneSettings, samples: number): ResolvedSettings {
  const settings = resolve(finetuneSettings, withTrainedChip(given));
  const { batch, shards, validation } = settings;
  // Checks that the settings fit together.
  const [read] = chipsOf({
    ...settings,
    sigma: [settings.sigma],
    time: settings.time === undefined ? undefined : [settings.time],
  });
  if (settings.learnPeriphery && (!isDetailed(read!.chip) || read!.chip.compensation.columns !== "none")) {
    throw new OptionError({
      option: "learnPeriphery",
      expected: "a chip with cells or converters, and no compensation of columns",
      got: "none such",
    });
  }
  if (shards > batch) {
    throw new OptionError({
      option: "shards",
      expected: `at most the number of samples per batch, ${batch}`,
      got: String(shards),
    });
  }
  const { images = Math.max(1, Math.min(5000, Math.floor(samples / 5))) } = validation;
  return { ...settings, validation: { ...validation, images } };
}

/**
 * Checks that an epoch without partial batches has a step.
 * @param samples  Number of training samples, without those held out.
 * @throws {OptionError} for a batch that is larger.
 */
export function checkFullBatch(batch: number, samples: number): void {
  if (samples >= batch) return;
  throw new OptionError({
    option: "batch",
    expected: `at most the number of training samples, ${samples}`,
    got: String(batch),
  });
}
