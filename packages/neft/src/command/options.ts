import { availableParallelism } from "node:os";
import { deviceNamed, devices } from "@neft/crossbar";
import { type Command, Option } from "commander";
import { dataSpecForms, parseDataSpec } from "../dataSpec.js";
import { messageOf, UsageError } from "../failure.js";
import { list, number, oneOf, sigmas, text, type WordParser, whole } from "./grammar.js";

/** One option of the command, whole: every command that has it reads and documents it the same way. */
export interface OptionRow {
  readonly flags: string;
  readonly about: string;
  readonly group: string;
  /** Absent for switches. */
  readonly parse?: WordParser<unknown>;
  readonly default?: unknown;
  /** The default in words, where it isn't a constant that speaks for itself. */
  readonly defaultInWords?: string;
  readonly required?: boolean;
}

type ValueOf<R extends OptionRow> = R extends { readonly parse: WordParser<infer T> }
  ? R extends { readonly default: unknown } | { readonly required: true }
    ? T
    : T | undefined
  : boolean | undefined;

/** What commander hands to an action for a table of options. */
export type Values<R extends Readonly<Record<string, OptionRow>>> = { readonly [K in keyof R]: ValueOf<R[K]> };

const data = "Data:";
const chips = "Chips:";
const running = "Running:";

/** The options that evaluate and finetune share; keys are the names of the values. */
const sharedOptions = {
  data: { flags: "--data <spec>", about: `labelled samples: ${dataSpecForms.join(", ")}`, group: data, parse: parseDataSpec, required: true },
  limit: { flags: "--limit <n>", about: "use the first n samples only", group: data, parse: whole({ min: 1 }) },
  scale: {
    flags: "--scale <x>",
    about: "an input is (value / scale − mean) / std",
    group: data,
    parse: number({ above: 0 }),
    defaultInWords: "255 for bytes, 1 for others",
  },
  mean: { flags: "--mean <m,…>", about: "one, or one for each channel", group: data, parse: list(number()), defaultInWords: "0" },
  std: { flags: "--std <s,…>", about: "one, or one for each channel", group: data, parse: list(number({ above: 0 })), defaultInWords: "1" },
  layout: {
    flags: "--layout <order>",
    about: "axes of the model's input, NCHW or NHWC",
    group: data,
    parse: oneOf(["NCHW", "NHWC"]),
    defaultInWords: "told from its shape",
  },
  output: { flags: "--output <name>", about: "the model's output with the class scores; needed where it has several", group: data, parse: text },
  device: {
    flags: "--device <id>",
    about: `${[...devices.keys()].join(", ")}; see neft devices`,
    group: chips,
    parse: (word: string) => deviceNamed(word),
    default: deviceNamed("rram1"),
    defaultInWords: "rram1",
  },
  weightBits: { flags: "--weight-bits <n>", about: "bits of a stored weight", group: chips, parse: whole({ min: 1, max: 16 }), default: 8 },
  cellBits: { flags: "--cell-bits <n>", about: "bits of one cell", group: chips, parse: whole({ min: 1, max: 16 }), defaultInWords: "the device's own" },
  seed: { flags: "--seed <n>", about: "the same seed gives the same numbers, whatever the workers", group: running, parse: whole({ min: 0 }), default: 1 },
  workers: {
    flags: "--workers <n>",
    about: "threads",
    group: running,
    parse: whole({ min: 1, max: 256 }),
    default: availableParallelism(),
    defaultInWords: "all cores",
  },
  fast: { flags: "--fast", about: "relaxed SIMD: faster, but the last bit may differ between machines", group: running },
  json: { flags: "--json <file>", about: "write results, settings and versions", group: running, parse: text },
} as const satisfies Readonly<Record<string, OptionRow>>;

/** Options of `neft evaluate`. */
export const evaluateOptions = {
  ...sharedOptions,
  sigma: {
    flags: "--sigma <list>",
    about: "device standard deviations: 0.1,0.2 or start:stop:step, stop included",
    group: chips,
    parse: sigmas,
    default: [0.1, 0.2, 0.3],
    defaultInWords: "0.1,0.2,0.3",
  },
  chips: { flags: "--chips <n>", about: "chips for each σ", group: chips, parse: whole({ min: 1, max: 1_000_000 }), default: 100 },
} as const satisfies Readonly<Record<string, OptionRow>>;

/** Gives a command its options; the parsed values carry the keys of the rows. */
export function addOptions(command: Command, rows: Readonly<Record<string, OptionRow>>): Command {
  for (const { flags, about, group, parse, default: fallback, defaultInWords, required } of Object.values(rows)) {
    const option = new Option(flags, about).helpGroup(group);
    if (parse) option.argParser((word: string) => asUsage(() => parse(word, option.long ?? flags)));
    if (fallback !== undefined || defaultInWords !== undefined) option.default(fallback, defaultInWords);
    if (required) option.makeOptionMandatory();
    command.addOption(option);
  }
  return command;
}

/** Whatever a parser throws means that the command line is wrong. */
function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}
