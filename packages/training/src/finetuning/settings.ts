import { checkProgramming, chipSettings, standardDeviation } from "@neft/crossbar";
import { chipCount, outputSettings, seedSettings } from "@neft/evaluation";
import {
  chosenFrom,
  defineSettings,
  flag,
  type GivenOf,
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

const summaries = (rows: ReadonlyMap<string, { readonly summary: string }>): string =>
  [...rows].map(([id, { summary }]) => `${id} (${summary})`).join("; ");

const strategyKind = chosenFrom(strategies, strategySettings);

/** How the best weights are chosen. */
export const validationSettings = defineSettings({
  images: {
    kind: whole({ min: 1 }),
    about: "samples held out of training to choose the best weights, where no validation data is given",
    defaultWords: "5000, at most a fifth",
    flag: "--validation <n>",
    group,
  },
  chips: {
    kind: chipCount,
    about: "chips they are tried on, the same ones each time",
    default: 4,
    flag: "--validation-chips <n>",
    group,
  },
  every: {
    kind: whole({ min: 1 }),
    about: "steps between two validations; the last step is always validated",
    defaultWords: "an epoch's",
    flag: "--validation-every <n>",
    group,
  },
});

/** How a network is finetuned. */
export const finetuneSettings = defineSettings({
  ...outputSettings,
  ...chipSettings,
  sigma: {
    kind: standardDeviation,
    about: "device standard deviation to train for, relative to full scale: 0 to 1",
    default: 0.2,
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
    about: "learning rate at the start",
    default: 1e-3,
    flag: "--lr <x>",
    group,
  },
  batch: { kind: whole({ min: 1, max: 1_000_000 }), about: "samples of a step", default: 128, group },
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
  freeze: {
    kind: listOf(text(), { least: 0, most: 100_000, words: "a list of names" }),
    about:
      "parameters that don't train, or layers with all of theirs; * stands for any characters. A batch normalisation whose running statistics are among them trains with these",
    group,
  },
  batchNorm: {
    kind: oneOf(["frozen", "batch"], "<mode>"),
    about: "batch norm: frozen (the file's statistics) or batch (those of each batch, the running ones updated)",
    default: "batch",
    flag: "--bn <mode>",
    group,
  },
  shards: {
    kind: whole({ min: 1, max: 4096 }),
    about:
      "parts of a batch whose gradients are added in order, on as many workers; each has batch statistics of its own, so that results change with batchNorm batch",
    default: 1,
    group,
  },
  dropLast: {
    kind: flag,
    about: "leave out an epoch's last samples where they don't fill a batch",
    default: true,
    flag: "--keep-partial",
    switchAbout: "also train on an epoch's last samples where they don't fill a batch",
    group,
  },
  validation: {
    kind: nested(validationSettings),
    about: "how the best weights are chosen",
    default: resolve(validationSettings, {}),
    defaultWords: "see its settings",
    group,
  },
  ...seedSettings,
});

/** Settings of a finetuning as callers give them. */
export type FinetuneSettings = GivenOf<typeof finetuneSettings>;

/** Settings with every default filled in, all checked: plain data, what results record. */
export interface ResolvedSettings extends Omit<ResolvedOf<typeof finetuneSettings>, "validation"> {
  readonly validation: ResolvedOf<typeof validationSettings> & { readonly images: number };
}

/**
 * Fills in defaults and checks everything that can be checked before data is looked at.
 * @param samples  how many there are, before any are held out.
 * @throws {OptionError} naming the setting.
 */
export function resolveSettings(given: FinetuneSettings, samples: number): ResolvedSettings {
  const settings = resolve(finetuneSettings, given);
  const { batch, shards, validation } = settings;
  checkProgramming(settings);
  if (shards > batch) {
    throw new OptionError({
      option: "shards",
      expected: `at most one for each of the batch's ${batch} samples`,
      got: String(shards),
    });
  }
  const { images = Math.max(1, Math.min(5000, Math.floor(samples / 5))) } = validation;
  return { ...settings, validation: { ...validation, images } };
}
