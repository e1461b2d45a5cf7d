import { availableParallelism } from "node:os";
import {
  type Choice,
  defineSettings,
  flag,
  type GivenOf,
  messageWith,
  oneLine,
  type Setting,
  type Settings,
  text,
  whole,
} from "@neft/options";
import { mostWorkers } from "@neft/pool";
import { type Command, Option } from "commander";
import { type DataSpec, dataSpecForms, parseDataSpec } from "../data-spec.js";
import { evaluateOptions, finetuneOptions } from "../settings.js";
import { messageOf } from "../system-errors.js";
import { UsageError } from "./exit-codes.js";

/** Options of the command alone. */
const dataRows = defineSettings({
  data: {
    kind: {
      words: `one of ${dataSpecForms.join(", ")}`,
      placeholder: "<spec>",
      check: (value: unknown) => value as DataSpec,
      parse: (word: string) => parseDataSpec(word, "--data"),
    },
    about: `labelled samples: ${dataSpecForms.join(", ")}`,
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

/** Options of `neft evaluate`. */
export const evaluateRows = defineSettings({ ...dataRows, ...evaluateOptions, ...runRows });

/** Options of `neft finetune`. */
export const finetuneRows = defineSettings({
  ...dataRows,
  ...finetuneOptions,
  out: {
    kind: text("<file>"),
    about: "where the finetuned ONNX file goes",
    flag: "-o, --out <file>",
    required: true,
    group,
  },
  ...runRows,
});

/** A setting, and the option of the command that gives it. */
interface CommandOption {
  /** Null where the command has none. */
  readonly flags: string | null;
  readonly row: Setting;
  /** Where its value goes: ["validation", "images"]. */
  readonly path: readonly string[];
  /** The setting's name in errors of the API: "validation.images". */
  readonly name: string;
  /** The choices whose setting it is. */
  readonly choices: ReadonlyMap<string, Choice> | undefined;
}

type WithFlags = CommandOption & { readonly flags: string };

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** All settings of a table, those within settings included. */
export function allSettings(
  rows: Settings,
  within: readonly string[] = [],
  choices?: ReadonlyMap<string, Choice>,
): CommandOption[] {
  return Object.entries(rows).flatMap(([key, row]): CommandOption[] => {
    const path = [...within, key];
    const { kind, flag: flags = `--${kebab(key)} ${kind.placeholder ?? ""}`.trim() } = row;
    const inner = kind as { readonly rows?: Settings; readonly choices?: ReadonlyMap<string, Choice> };
    // Settings of nothing but settings have no value of their own.
    const isGroup = inner.rows !== undefined && inner.choices === undefined;
    const own = { flags, row, name: path.join("."), choices, path: inner.choices ? [...path, "id"] : path };
    return [...(isGroup ? [] : [own]), ...(inner.rows ? allSettings(inner.rows, path, inner.choices) : [])];
  });
}

/** The settings that the command has options for. */
const optionsOf = (rows: Settings): WithFlags[] =>
  allSettings(rows).filter((option): option is WithFlags => option.flags !== null);

const isSwitch = ({ row }: CommandOption): boolean => row.kind === flag;

/** A default as help and documentation show it; nothing where there is none. */
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

/** Gives a command an option for each setting of a table; what is given comes in the forms of the API by `settingsFrom`. */
export function addOptions(command: Command, rows: Settings): Command {
  for (const one of optionsOf(rows)) {
    const { flags, row, name, choices } = one;
    const words = isSwitch(one) ? undefined : defaultInWords(name, row, choices);
    const about = row.switchAbout ?? row.about;
    const option = new Option(flags, words === undefined ? about : `${about} (default: ${words})`);
    if (row.group !== undefined) option.helpGroup(row.group);
    if (!isSwitch(one)) option.argParser((word: string) => asUsage(() => row.kind.parse!(word, name)));
    if (row.required) option.makeOptionMandatory();
    command.addOption(option);
  }
  return command;
}

/** The settings that the command's options give, by the names of the API. */
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
    // A choice's setting without the choice is one of the default's.
    else settings[first] = { ...idOf(row.default), ...(settings[first] as object | undefined), [inner]: value };
  }
  return settings as GivenOf<Rows>;
}

const idOf = (value: unknown): object =>
  typeof value === "object" && value !== null && "id" in value ? { id: value.id } : {};

/** The command's name for each setting of the API that it has. */
const flagOf: ReadonlyMap<string, string> = new Map(
  optionsOf({ ...evaluateRows, ...finetuneRows }).map(({ name, flags }) => [name, new Option(flags).long ?? flags]),
);

/** What went wrong, as `messageOf`, in the command's words. */
export function complaint(error: unknown): string {
  const words = messageWith(error, (option) => flagOf.get(option) ?? option);
  return words === undefined ? messageOf(error) : oneLine(words);
}

/** Whatever `body` throws means that the command line is wrong. */
export function asUsage<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw new UsageError(complaint(error), { cause: error });
  }
}
