import { availableParallelism } from "node:os";
import { deviceNamed, devices } from "@neft/crossbar";
import { limits } from "@neft/evaluation";
import { messageWith, oneLine } from "@neft/options";
import { optimisers, type StrategySettings, schedules, strategies } from "@neft/training";
import { type Command, Option } from "commander";
import { dataSpecForms, parseDataSpec } from "../dataSpec.js";
import { messageOf } from "../system-errors.js";
import { UsageError } from "./exit-codes.js";
import { list, number, oneOf, sigma, sigmas, text, type WordParser, whole } from "./grammar.js";

/** One option of the command, whole: every command that has it reads and documents it the same way. */
export interface OptionRow {
  readonly flags: string;
  /** What the API calls it, where that isn't the row's key: errors of the API are told with the command's name. */
  readonly api?: string;
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
const training = "Training:";
const feedback = "Negative feedback:";
const running = "Running:";

/** The options that evaluate and finetune share; keys are the names of the values. */
const dataOptions = {
  data: {
    flags: "--data <spec>",
    about: `labelled samples: ${dataSpecForms.join(", ")}`,
    group: data,
    parse: parseDataSpec,
    required: true,
  },
  limit: { flags: "--limit <n>", about: "use the first n samples only", group: data, parse: whole({ min: 1 }) },
  scale: {
    flags: "--scale <x>",
    about: "an input is (value / scale − mean) / std",
    group: data,
    parse: number({ above: 0 }),
    defaultInWords: "255 for bytes, 1 for others and for models that take integers",
  },
  mean: {
    flags: "--mean <m,…>",
    about: "one, or one for each channel",
    group: data,
    parse: list(number()),
    defaultInWords: "0",
  },
  std: {
    flags: "--std <s,…>",
    about: "one, or one for each channel",
    group: data,
    parse: list(number({ above: 0 })),
    defaultInWords: "1",
  },
  layout: {
    flags: "--layout <order>",
    about: "axes of the model's input, NCHW or NHWC",
    group: data,
    parse: oneOf(["NCHW", "NHWC"]),
    defaultInWords: "told from its shape",
  },
  output: {
    flags: "--output <name>",
    about: "the model's output with the class scores; needed where it has several",
    group: data,
    parse: text,
  },
} as const satisfies Readonly<Record<string, OptionRow>>;

const chipOptions = {
  device: {
    flags: "--device <id>",
    about: `${[...devices.keys()].join(", ")}; see neft devices`,
    group: chips,
    parse: (word: string, who: string) => deviceNamed(oneOf([...devices.keys()])(word, who)),
    default: deviceNamed("rram1"),
    defaultInWords: "rram1",
  },
  perSample: { flags: "--per-sample", about: "a fresh draw for every sample instead of one for all", group: chips },
  weightBits: {
    flags: "--weight-bits <n>",
    about: "bits of a stored weight",
    group: chips,
    parse: whole(limits.bits),
    default: 8,
  },
  cellBits: {
    flags: "--cell-bits <n>",
    api: "bitsPerCell",
    about: "bits of one cell",
    group: chips,
    parse: whole(limits.bits),
    defaultInWords: "the device's own",
  },
} as const satisfies Readonly<Record<string, OptionRow>>;

const runningOptions = {
  seed: {
    flags: "--seed <n>",
    about: "the same seed gives the same numbers, whatever the workers",
    group: running,
    parse: whole(limits.seed),
    default: 1,
  },
  workers: {
    flags: "--workers <n>",
    about: "threads",
    group: running,
    parse: whole(limits.workers),
    default: Math.min(availableParallelism(), limits.workers.max),
    defaultInWords: "all cores",
  },
  fast: {
    flags: "--fast",
    about: "relaxed SIMD: faster, but the last bit may differ between machines",
    group: running,
  },
  json: { flags: "--json <file>", about: "write results, settings and versions", group: running, parse: text },
} as const satisfies Readonly<Record<string, OptionRow>>;

/** Options of `neft evaluate`. */
export const evaluateOptions = {
  ...dataOptions,
  ...chipOptions,
  sigma: {
    flags: "--sigma <list>",
    about: "device standard deviations, relative to full scale: 0.1,0.2 or start:stop:step, stop included",
    group: chips,
    parse: sigmas,
    default: [0.1, 0.2, 0.3],
    defaultInWords: "0.1,0.2,0.3",
  },
  chips: {
    flags: "--chips <n>",
    about: "chips for each σ",
    group: chips,
    parse: whole(limits.chips),
    default: 100,
  },
  precision: {
    flags: "--precision <points>",
    about: "stop at this half-width of the mean's 95 % interval; --chips is then the most there may be",
    group: chips,
    parse: number(limits.precision),
  },
  ...runningOptions,
} as const satisfies Readonly<Record<string, OptionRow>>;

/** What a setting is in the strategies that have it, for help. */
function strategyDefaults(setting: keyof StrategySettings): string {
  return [...strategies.values()]
    .flatMap(({ id, defaults }) => (defaults[setting] === undefined ? [] : [`${id} ${String(defaults[setting])}`]))
    .join("; ");
}

/** Options of `neft finetune`; those that are a strategy's settings have the strategy's own defaults. */
export const finetuneOptions = {
  ...dataOptions,
  ...chipOptions,
  sigma: {
    flags: "--sigma <x>",
    about: "device standard deviation to train for, relative to full scale: 0 to 1",
    group: chips,
    parse: sigma,
    default: 0.2,
  },
  strategy: {
    flags: "--strategy <id>",
    about: [...strategies.values()].map(({ id, summary }) => `${id} (${summary})`).join("; "),
    group: training,
    parse: oneOf([...strategies.keys()]),
    default: "ovf",
  },
  epochs: {
    flags: "--epochs <n>",
    about: "passes over the training samples",
    group: training,
    parse: whole(limits.epochs),
    default: 1,
  },
  lr: {
    flags: "--lr <x>",
    api: "learningRate",
    about: "learning rate at the start",
    group: training,
    parse: number(limits.learningRate),
    default: 1e-3,
  },
  batch: {
    flags: "--batch <n>",
    about: "samples of a step",
    group: training,
    parse: whole(limits.batch),
    default: 128,
  },
  optimiser: {
    flags: "--optimiser <id>",
    about: [...optimisers.keys()].join(", "),
    group: training,
    parse: oneOf([...optimisers.keys()]),
    default: "adam",
  },
  momentum: {
    flags: "--momentum <x>",
    api: "optimiser.momentum",
    about: "of sgd",
    group: training,
    parse: number({ min: 0, below: 1 }),
    defaultInWords: "0.9",
  },
  weightDecay: {
    flags: "--weight-decay <x>",
    api: "optimiser.weightDecay",
    about: "L2 penalty",
    group: training,
    parse: number({ min: 0 }),
    default: 0,
  },
  schedule: {
    flags: "--schedule <id>",
    about: [...schedules.values()].map(({ id, summary }) => `${id} (${summary})`).join("; "),
    group: training,
    parse: oneOf([...schedules.keys()]),
    default: "cosine",
  },
  scheduleEvery: {
    flags: "--schedule-every <epochs>",
    api: "schedule.every",
    about: "epochs between drops of the step schedule",
    group: training,
    parse: number({ above: 0 }),
    defaultInWords: "1",
  },
  scheduleGamma: {
    flags: "--schedule-gamma <x>",
    api: "schedule.gamma",
    about: "factor of one drop",
    group: training,
    parse: number({ above: 0 }),
    defaultInWords: "0.1",
  },
  clip: {
    flags: "--clip <c>",
    about: "after each step clip every array weight to ± c times its root mean square",
    group: training,
    parse: number({ min: 1 }),
  },
  freeze: {
    flags: "--freeze <name,…>",
    about: "parameters that don't train, or layers with all of theirs; * stands for any characters",
    group: training,
    parse: list(text),
  },
  bn: {
    flags: "--bn <mode>",
    api: "batchNorm",
    about: "batch norm: frozen (the file's statistics) or batch (those of each batch, the running ones updated)",
    group: training,
    parse: oneOf(["frozen", "batch"]),
    default: "batch" as const,
  },
  shards: {
    flags: "--shards <n>",
    about: "parts of a batch whose gradients are added in order; changes results with --bn batch",
    group: training,
    parse: whole(limits.shards),
    default: 1,
  },
  keepPartial: {
    flags: "--keep-partial",
    api: "dropLast",
    about: "also train on an epoch's last samples where they don't fill a batch",
    group: training,
  },
  validation: {
    flags: "--validation <n>",
    api: "validation.images",
    about: "samples held out of training to choose the best weights",
    group: training,
    parse: whole(limits.validationImages),
    defaultInWords: "5000, at most a fifth",
  },
  validationChips: {
    flags: "--validation-chips <n>",
    api: "validation.chips",
    about: "chips they are tried on",
    group: training,
    parse: whole(limits.chips),
    default: 4,
  },
  validationEvery: {
    flags: "--validation-every <n>",
    api: "validation.every",
    about: "steps between validations",
    group: training,
    parse: whole(limits.validationEvery),
    defaultInWords: "an epoch's",
  },
  beta: {
    flags: "--beta <x>",
    about: "strength of the feedback",
    group: feedback,
    parse: number(),
    defaultInWords: strategyDefaults("beta"),
  },
  gamma: {
    flags: "--gamma <g,…>",
    about: "weight of each feedback output",
    group: feedback,
    parse: list(number()),
    defaultInWords: strategyDefaults("gamma"),
  },
  deltaSigma: {
    flags: "--delta-sigma <d,…>",
    about: "ovf: what is added to σ in each extra forward; N of them",
    group: feedback,
    parse: list(sigma),
    defaultInWords: strategyDefaults("deltaSigma"),
  },
  divisorN: {
    flags: "--divisor-n <n>",
    about: "temperature: N of the divisor N + 1",
    group: feedback,
    parse: number({ min: 0 }),
    defaultInWords: strategyDefaults("divisorN"),
  },
  taps: {
    flags: "--taps <value,…>",
    about: "irs: values the heads read, shallowest first",
    group: feedback,
    parse: list(text),
    defaultInWords: "chosen from the model",
  },
  headSizes: {
    flags: "--head-sizes <n,…>",
    api: "sizes",
    about: "irs: side each head's feature is pooled to",
    group: feedback,
    parse: list(whole(limits.headSize)),
    defaultInWords: strategyDefaults("sizes"),
  },
  headHidden: {
    flags: "--head-hidden <n>",
    api: "hidden",
    about: "irs: width of a head's hidden layer",
    group: feedback,
    parse: whole(limits.headHidden),
    defaultInWords: strategyDefaults("hidden"),
  },
  headSigma: {
    flags: "--head-sigma <x>",
    about: "irs: σ of the heads' weights",
    group: feedback,
    parse: sigma,
    defaultInWords: "--sigma",
  },
  out: {
    flags: "-o, --out <file>",
    about: "where the finetuned ONNX file goes",
    group: running,
    parse: text,
    required: true,
  },
  ...runningOptions,
} as const satisfies Readonly<Record<string, OptionRow>>;

/** Options of `neft inspect`: none but help. */
export const inspectOptions = {} as const satisfies Readonly<Record<string, OptionRow>>;

/** Gives a command its options; the parsed values carry the keys of the rows. */
export function addOptions(command: Command, rows: Readonly<Record<string, OptionRow>>): Command {
  for (const { flags, about, group, parse, default: fallback, defaultInWords, required } of Object.values(rows)) {
    // commander shows the words of a default only where there is a value.
    const isOpen = fallback === undefined && defaultInWords !== undefined;
    const option = new Option(flags, isOpen ? `${about} (default: ${defaultInWords})` : about).helpGroup(group);
    if (parse) option.argParser((word: string) => asUsage(() => parse(word, option.long ?? flags)));
    if (fallback !== undefined) option.default(fallback, defaultInWords);
    if (required) option.makeOptionMandatory();
    command.addOption(option);
  }
  return command;
}

/** The command's name for each option of the API that it has. */
const flagOf: ReadonlyMap<string, string> = new Map(
  Object.entries<OptionRow>({ ...evaluateOptions, ...finetuneOptions }).map(([key, { flags, api = key }]) => [
    api,
    new Option(flags).long ?? flags,
  ]),
);

/** What went wrong, as `messageOf`, in the command's words. */
export function complaint(error: unknown): string {
  const words = messageWith(error, (option) => flagOf.get(option) ?? option);
  return words === undefined ? messageOf(error) : oneLine(words);
}

/** Whatever `parse` throws means that the command line is wrong. */
export function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError(complaint(error), { cause: error });
  }
}
