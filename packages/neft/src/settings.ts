import { type Dataset, inputSettings } from "@neft/data";
import { type EvaluationProgress, evaluationSettings } from "@neft/evaluation";
import { defineSettings, flag, type GivenOf, has, inWords, type Kind, opaque, refuse, whole } from "@neft/options";
import {
  type EqualiseProgress,
  equaliseSettings,
  type FinetuneProgress,
  finetuneSettings,
  isRunState,
  type RunState,
} from "@neft/training";
import { mostWorkers } from "@neft/work";
import { callArguments } from "./call-rules.js";
import type { Workers } from "./workers.js";

const threads = whole({ min: 1, max: mostWorkers });

const workersKind: Kind<number | Workers, number | Workers> & { readonly placeholder: string } = {
  words: `${threads.words}, or a pool of createWorkers`,
  placeholder: threads.placeholder,
  check: (value, option) => {
    if (typeof value === "number") return threads.check(value, option);
    return has(value, "size", "lend") ? (value as unknown as Workers) : refuse(option, workersKind.words, value);
  },
  parse: threads.parse,
};

/** Recognises a dataset by its fields; its user checks the contents. */
export const datasetKind = opaque<Dataset>("a dataset", (value) => isDataset(value));

/**
 * Samples of a network: a dataset for its only input, or a dataset for each input by name. A name like state@1 says on which of the input's
 * axes the samples of a batch are; by default that is found from the shapes. A dataset of one sample belongs to all samples of the others.
 */
export type Samples = Dataset | Readonly<Record<string, Dataset>>;

/** Whether samples are those of a network's only input. */
export const isDataset = (samples: unknown): samples is Dataset => has(samples, "values", "labels", "shape", "count");

/** Recognises samples by the datasets' fields. */
export const samplesKind: Kind<Samples, Samples> = {
  words: "a dataset, or a dataset for each input by name",
  check: (value, option) => {
    if (isDataset(value)) return value;
    const isRecord = has(value) && !Array.isArray(value) && Object.keys(value).length > 0;
    if (!isRecord) return refuse(option, samplesKind.words, value);
    for (const [name, one] of Object.entries(value)) datasetKind.check(one, `${option}: ${inWords(name)}`);
    return value as Readonly<Record<string, Dataset>>;
  },
};

/** Heading of options of running in the help. */
export const runningGroup = "Running:";

/** Options of long-running calls. */
export const runSettings = defineSettings({
  workers: {
    kind: workersKind,
    about: "number of threads, or a pool to reuse",
    defaultWords: "only this thread",
    group: runningGroup,
  },
  signal: {
    kind: opaque<AbortSignal>(...callArguments.signal),
    about: "ends the call early",
    flag: null,
    group: runningGroup,
  },
});

/** All options of `evaluate`. */
export const evaluateOptions = defineSettings({
  ...inputSettings,
  ...evaluationSettings,
  temperatureData: {
    kind: datasetKind,
    about:
      "validation samples, never the test set, that one temperature per σ is fitted on, on chips of their own: results then have metrics of the scores divided by it, too",
    defaultWords: "no temperature",
    flag: null,
    group: "Metrics:",
  },
  keepScores: {
    kind: flag,
    about: "keep the class scores of every chip in the results, at most 2 GiB",
    default: false,
    flag: null,
    group: "Metrics:",
  },
  ...runSettings,
  onProgress: {
    kind: opaque<(progress: EvaluationProgress) => void>(...callArguments.onProgress),
    about: "called with the progress after each job",
    flag: null,
    group: runningGroup,
  },
});

/** All options of `finetune`. */
export const finetuneOptions = defineSettings({
  ...inputSettings,
  ...finetuneSettings,
  validationData: {
    kind: samplesKind,
    about: "samples that select the best weights",
    defaultWords: "held out of the training data",
    flag: null,
    group: "Training:",
  },
  resume: {
    kind: opaque<RunState>("a state of finetune", isRunState),
    about:
      "a state of onCheckpoint or of an aborted run's result, from which a call with the same model, data and settings continues with the same bits",
    defaultWords: "a new run",
    flag: null,
    group: runningGroup,
  },
  onCheckpoint: {
    kind: opaque<(state: RunState) => void>(...callArguments.onCheckpoint),
    about: "called with the run's state, plain data, every so many steps",
    flag: null,
    group: runningGroup,
  },
  checkpointEvery: {
    kind: whole({ min: 1 }),
    about: "steps between two states of onCheckpoint, or writes of the command's checkpoint",
    default: 100,
    group: runningGroup,
  },
  ...runSettings,
  onProgress: {
    kind: opaque<(progress: FinetuneProgress) => void>(...callArguments.onProgress),
    about:
      "called after each step and validation; it may run and export the model, which then has the weights of the step",
    flag: null,
    group: runningGroup,
  },
});

/** All options of `equalise`. */
export const equaliseOptions = defineSettings({
  ...inputSettings,
  ...equaliseSettings,
  data: {
    kind: samplesKind,
    about: "samples, whose labels aren't read",
    defaultWords: "none: factors from the weights alone",
    flag: null,
    group: "Data:",
  },
  dryRun: {
    kind: flag,
    about: "print what would change, and change nothing",
    default: false,
    group: runningGroup,
  },
  signal: runSettings.signal,
  onProgress: {
    kind: opaque<(progress: EqualiseProgress) => void>(...callArguments.onProgress),
    about: "called after each batch",
    flag: null,
    group: runningGroup,
  },
});

/** Options of `equalise`; docs/settings.md lists them. */
export interface EqualiseOptions extends GivenOf<typeof equaliseOptions> {}

/** Options of `evaluate`; docs/settings.md lists them. */
export interface EvaluateOptions extends GivenOf<typeof evaluateOptions> {}

/** Options of `finetune`; docs/settings.md lists them. */
export interface FinetuneOptions extends GivenOf<typeof finetuneOptions> {}
