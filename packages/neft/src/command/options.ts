import { availableParallelism } from "node:os";
import { chipPresets } from "@neft/crossbar";
import {
  type Choice,
  defineSettings,
  flag,
  type GivenOf,
  listOf,
  messageWith,
  oneLine,
  refuse,
  type Setting,
  type Settings,
  text,
  whole,
} from "@neft/options";
import { benchmarkSettings } from "@neft/profile";
import { strategies } from "@neft/training";
import { mostWorkers } from "@neft/work";
import { type Command, Option } from "commander";
import { benchmarkOptions } from "../benchmark-settings.js";
import {
  type DataSpec,
  dataSpecForms,
  parseDataSpec,
  parseSamplesSpec,
  type SamplesSpec,
  samplesSpecForms,
} from "../data-spec.js";
import { equaliseOptions, evaluateOptions, finetuneOptions } from "../settings.js";
import { messageOf } from "../system-errors.js";
import { UsageError } from "./exit-codes.js";

/** Data options, which only the command has. */
const dataRows = defineSettings({
  data: {
    kind: {
      words: `one of ${samplesSpecForms.join(", ")}`,
      placeholder: "<spec>",
      check: (value: unknown) => value as SamplesSpec,
      parse: (word: string) => parseSamplesSpec(word, "--data"),
    },
    about: `samples: ${dataSpecForms.join(", ")}; inputs:FILE for a numpy archive with an array for each of the model's inputs. Labels are needed without a reference, and by strategies other than distillation`,
    required: true,
    group: "Data:",
  },
  limit: { kind: whole({ min: 1 }), about: "use the first n samples only", group: "Data:" },
});

const group = "Running:";

const runRows = defineSettings({
  workers: {
    ...evaluateOptions.workers,
    about: "threads",
    default: Math.min(availableParallelism(), mostWorkers),
    defaultWords: "all cores",
  },
  fast: {
    kind: flag,
    about: "relaxed SIMD: faster, but the last bit may differ between machines",
    default: false,
    group,
  },
  json: { kind: text("<file>"), about: "write results, settings and versions", group },
});

/** A page of results. */
const reportRow = {
  report: {
    kind: text("<file>"),
    about: "write charts, tables and settings as a page (HTML); needs the packages vega and vega-lite",
    group,
  },
} as const;

/** The chip: `readChip` reads what a word names, before settings are checked. */
const chipRow = {
  ...evaluateOptions.chip,
  kind: { ...evaluateOptions.chip.kind, parse: (word: string) => word },
  about: `a chip: a preset (${[...chipPresets.keys()].join(", ")}) or a JSON file, with comments (neft chip --init writes one), in place of the next four. A preset wins over a file of its name, which ./NAME is`,
};

const { keepScores: _keepScores, temperatureData, ...evaluateCallOptions } = evaluateOptions;

/** Options of `neft evaluate`. */
export const evaluateRows = defineSettings({
  ...dataRows,
  ...evaluateCallOptions,
  chip: chipRow,
  temperatureData: {
    kind: {
      words: `one of ${dataSpecForms.join(", ")}`,
      placeholder: "<spec>",
      check: (value: unknown) => value as DataSpec,
      parse: (word: string) => parseDataSpec(word, "--temperature-data"),
    },
    about: `${temperatureData.about}: ${dataSpecForms.join(", ")}`,
    defaultWords: temperatureData.defaultWords,
    group: temperatureData.group,
  },
  ...runRows,
  predictions: {
    kind: text("<file>"),
    about: "write the class scores of every chip and the labels as a numpy archive (npz), at most 2 GiB",
    group,
  },
  ...reportRow,
});

/** Options of `neft finetune`. */
export const finetuneRows = defineSettings({
  ...dataRows,
  ...finetuneOptions,
  chip: chipRow,
  out: {
    kind: text("<file>"),
    about: "path of the finetuned ONNX file",
    flag: "-o, --out <file>",
    required: true,
    group,
  },
  checkpoint: {
    kind: text("<file>"),
    about:
      "keep the run in this file, so that the same command goes on where it was stopped or killed, with the same results; removed at the end",
    group,
  },
  log: {
    kind: text("<file>"),
    about: "write a line of JSON for each step and validation: loss, learning rate, accuracy, seconds",
    group,
  },
  ...runRows,
  ...reportRow,
});

const { data: _samples, ...equaliseCallOptions } = equaliseOptions;

/** Options of `neft equalise`. */
export const equaliseRows = defineSettings({
  data: {
    kind: dataRows.data.kind,
    group: dataRows.data.group,
    about: `samples without labels, or whose labels aren't read: ${dataSpecForms.join(", ")}; inputs:FILE for a numpy archive with an array for each of the model's inputs. Without samples, the weights alone decide`,
  },
  limit: dataRows.limit,
  ...equaliseCallOptions,
  out: {
    kind: text("<file>"),
    about: "path of the rescaled ONNX file; only a dry run needs none",
    flag: "-o, --out <file>",
    group,
  },
  fast: runRows.fast,
  json: runRows.json,
  ...reportRow,
});

/** Options of `neft report`. */
export const reportRows = defineSettings({
  out: {
    kind: text("<file>"),
    about: "path of the page (HTML)",
    flag: "-o, --out <file>",
    required: true,
    group: "Output:",
  },
  charts: {
    kind: text("<folder>"),
    about:
      "write each chart as SVG, as PNG (needs the package sharp) and as a Vega-Lite spec, and each table as Markdown, CSV and LaTeX",
    group: "Output:",
  },
  title: { kind: text("<text>"), about: "title of the page", group: "Page:" },
  names: {
    kind: listOf(text("<name>"), { most: 1000 }),
    about: "names of the results, separated by commas, in the order of the files",
    defaultWords: "the files' names",
    group: "Page:",
  },
  baseline: {
    kind: text("<method>"),
    about: "the method of a study that others are compared with",
    defaultWords: "the first",
    group: "Page:",
  },
});

/** Options of `neft bench`. */
export const benchRows = defineSettings({
  ...benchmarkOptions,
  ...runRows,
  svg: { kind: text("<file>"), about: "draw the layers' times as SVG", group },
});

const plot = { kind: text("<file>"), group: "Output:" } as const;

/** Options of `neft devices`. */
export const devicesRows = defineSettings({
  plot: { ...plot, about: "draw σ by conductance as SVG, in place of the list" },
});

/** Options of `neft chip`. */
export const chipCommandRows = defineSettings({
  list: { kind: flag, about: "list the presets", default: false, group: "Chips:" },
  init: {
    kind: { ...text("[file]"), check: (value: unknown) => (value === true ? "-" : String(value)) },
    about: "write an example of a chip's file with every setting, to standard output without a file or for -",
    flag: "--init [file]",
    group: "Chips:",
  },
  model: { kind: text("<file>"), about: "ONNX file whose layers are put on the chip's tiles", group: "Chips:" },
  shape: { ...benchmarkSettings.shape, group: "Chips:" },
  plot: { ...plot, about: "draw the tiles of the model's layers and histograms of conductances as SVG" },
});

const storeRow = {
  kind: text("<dir>"),
  about: "folder of the results, one file for each cell; what is there isn't computed again",
  group: "Study:",
} as const;

/** One of several parts of a study. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

const shardKind = {
  words: "a part and the number of parts, such as 3/16, counted from 0",
  placeholder: "<i/n>",
  check: (value: unknown) => value as Shard,
  parse: (word: string, option: string): Shard => {
    const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(word) ?? [];
    if (index === undefined || Number(index) >= Number(count)) return refuse(option, shardKind.words, word);
    return { index: Number(index), count: Number(count) };
  },
};

/** Options of `neft sweep run`. */
export const sweepRunRows = defineSettings({
  store: { ...storeRow, required: true },
  shard: {
    kind: shardKind,
    about: "run one part of the cells; a finetuning and its evaluations stay together",
    group: "Study:",
  },
  ...runRows,
  ...reportRow,
});

/** Options of `neft sweep merge`. */
export const sweepMergeRows = defineSettings({
  store: { ...storeRow, required: true },
  fast: runRows.fast,
  json: runRows.json,
  ...reportRow,
});

const tasksGroup = "Tasks:";

/** Options of `neft sweep slurm`, `lsf` and `k8s`. */
export const sweepScriptRows = defineSettings({
  store: { ...storeRow, required: true },
  tasks: {
    kind: whole({ min: 1, max: 10_000 }),
    about: "number of tasks, each a part of the sweep; one should last minutes",
    required: true,
    group: tasksGroup,
  },
  cpus: { kind: whole({ min: 1, max: mostWorkers }), about: "processors of a task", default: 1, group: tasksGroup },
  program: { kind: text("<words>"), about: "what runs neft there", default: "npx neft", group: tasksGroup },
  options: {
    kind: listOf(text("<option>")),
    about: "further options of slurm or lsf, such as --mem=4G,--time=2:00:00",
    default: [],
    defaultWords: "none",
    group: tasksGroup,
  },
  image: { kind: text("<name>"), about: "k8s: image with neft installed", default: "neft", group: tasksGroup },
  claim: {
    kind: text("<name>"),
    about: "k8s: claim of the volume that is mounted at the working directory",
    default: "neft-study",
    group: tasksGroup,
  },
  json: { kind: text("<file>"), about: "file of the merged results", default: "all.json", group: tasksGroup },
  fast: runRows.fast,
});

const {
  signal: _signal,
  onProgress: _onProgress,
  resume: _resume,
  onCheckpoint: _onCheckpoint,
  checkpointEvery: _checkpointEvery,
  validationData: _validationData,
  strategy: _strategy,
  seed: _seed,
  sigma: trainSigmaRow,
  workers: _workers,
  ...comparedRows
} = finetuneOptions;

/** Options of `neft compare`. */
export const compareRows = defineSettings({
  data: {
    kind: text("<spec>"),
    about: `samples to train on: ${dataSpecForms.join(", ")}`,
    required: true,
    group: "Data:",
  },
  limit: dataRows.limit,
  test: {
    kind: text("<spec>"),
    about: "samples to test on, in the same forms",
    defaultWords: "mnist:test for mnist:train; else needed",
    group: "Data:",
  },
  testLimit: { kind: whole({ min: 1 }), about: "use the first n test samples only", group: "Data:" },
  strategies: {
    kind: listOf(text("<id>")),
    about: `what to compare: strategies (${[...strategies.keys()].join(", ")}), imported (the network as it is) or equalise (rescaled, not trained)`,
    default: ["imported", "equalise", "noise-injection", "temperature", "ovf", "irs"],
    defaultWords: "imported,equalise,noise-injection,temperature,ovf,irs",
    group: "Study:",
  },
  seeds: { kind: whole({ min: 1, max: 1000 }), about: "number of seeds, from 1 on", default: 3, group: "Study:" },
  sigma: { ...evaluateOptions.sigma, about: "σ of the evaluations", group: "Study:" },
  trainSigma: { ...trainSigmaRow, about: "σ in training", group: "Study:" },
  chips: { ...evaluateOptions.chips, group: "Study:" },
  store: { ...storeRow, default: "neft-study", defaultWords: "neft-study" },
  ...comparedRows,
  chip: chipRow,
  ...runRows,
  ...reportRow,
});

/** A setting and its command option. */
interface CommandOption {
  /** Flags as commander takes them, such as `--lr <x>`; null if the command has no such option. */
  readonly flags: string | null;
  readonly row: Setting;
  /** Path of the value in the API's options: ["validation", "images"]. */
  readonly path: readonly string[];
  /** The setting's name in errors of the API: "validation.images". */
  readonly name: string;
  /** The choices (strategies, optimisers, …) that have this setting; undefined for other settings. */
  readonly choices: ReadonlyMap<string, Choice> | undefined;
}

type WithFlags = CommandOption & { readonly flags: string };

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** All settings of a table, including nested ones. */
export function allSettings(
  rows: Settings,
  within: readonly string[] = [],
  choices?: ReadonlyMap<string, Choice>,
): CommandOption[] {
  return Object.entries(rows).flatMap(([key, row]): CommandOption[] => {
    const path = [...within, key];
    const { kind, flag: flags = `--${kebab(key)} ${kind.placeholder ?? ""}`.trim() } = row;
    const inner = kind as { readonly rows?: Settings; readonly choices?: ReadonlyMap<string, Choice> };
    // A group of settings has no value itself.
    const isGroup = inner.rows !== undefined && inner.choices === undefined;
    const own = { flags, row, name: path.join("."), choices, path: inner.choices ? [...path, "id"] : path };
    return [...(isGroup ? [] : [own]), ...(inner.rows ? allSettings(inner.rows, path, inner.choices) : [])];
  });
}

/** The settings of a table that have a command option. */
const optionsOf = (rows: Settings): WithFlags[] =>
  allSettings(rows).filter((option): option is WithFlags => option.flags !== null);

const isSwitch = ({ row }: CommandOption): boolean => row.kind === flag;

/** A default as shown in help and documentation; undefined if there is none. */
export function defaultInWords(name: string, row: Setting, choices?: ReadonlyMap<string, Choice>): string | undefined {
  if (row.defaultWords !== undefined) return row.defaultWords;
  if (row.default !== undefined) return String(row.default);
  const setting = name.split(".").at(-1)!;
  const ofChoices = [...(choices ?? [])].flatMap(([id, { defaults }]) => {
    const value = (defaults as Readonly<Record<string, unknown>>)[setting];
    return value === undefined ? [] : [`${id} ${String(value)}`];
  });
  return ofChoices.length > 0 ? ofChoices.join("; ") : undefined;
}

/** Adds an option to a command for each setting of a table. `settingsFrom` converts the parsed values to options of the API. */
export function addOptions(command: Command, rows: Settings): Command {
  for (const one of optionsOf(rows)) {
    const { flags, row, name, choices } = one;
    const words = isSwitch(one) ? undefined : defaultInWords(name, row, choices);
    const about = row.switchAbout ?? row.about;
    const option = new Option(flags, words === undefined ? about : `${about} (default: ${words})`);
    if (row.group !== undefined) option.helpGroup(row.group);
    if (!isSwitch(one)) option.argParser((word: string) => withUsageErrors(() => row.kind.parse!(word, name)));
    if (row.required) option.makeOptionMandatory();
    command.addOption(option);
  }
  return command;
}

/**
 * Converts parsed command options to options of the API.
 * @param values  values by commander's attribute names.
 */
export function settingsFrom<Rows extends Settings>(
  rows: Rows,
  values: Readonly<Record<string, unknown>>,
): GivenOf<Rows> {
  const settings: Record<string, unknown> = {};
  for (const one of optionsOf(rows)) {
    const value = values[new Option(one.flags).attributeName()];
    if (value === undefined) continue;
    const [first, inner] = one.path as [string, string | undefined];
    const row = rows[first]!;
    if (inner === undefined) settings[first] = isSwitch(one) ? row.default !== true : value;
    // A nested setting without a choice belongs to the default choice.
    else settings[first] = { ...idOf(row.default), ...(settings[first] as object | undefined), [inner]: value };
  }
  return settings as GivenOf<Rows>;
}

const idOf = (value: unknown): object =>
  typeof value === "object" && value !== null && "id" in value ? { id: value.id } : {};

/** Long flags by the API's names of settings. */
const flagOf: ReadonlyMap<string, string> = new Map([
  ...optionsOf({
    ...reportRows,
    ...compareRows,
    ...sweepRunRows,
    ...sweepScriptRows,
    ...benchRows,
    ...equaliseRows,
    ...evaluateRows,
    ...finetuneRows,
  }).map(({ name, flags }) => [name, new Option(flags).long ?? flags] as const),
  // An age without data of a device.
  ["time_s", "--time"],
]);

/** The message of an error, as `messageOf`, with flags in place of the API's option names. */
export function commandMessage(error: unknown): string {
  const words = messageWith(error, (option) => flagOf.get(option) ?? option);
  return words === undefined ? messageOf(error) : oneLine(words);
}

/** Runs `body`, and rethrows its errors as UsageError. */
export function withUsageErrors<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new UsageError(commandMessage(error), { cause: error });
  }
}
