import { chipSettings, readSettings, standardDeviation } from "@neft/crossbar";
import {
  defineSettings,
  type GivenOf,
  listOf,
  OptionError,
  oneOf,
  oneOrListOf,
  type ResolvedOf,
  real,
  refuse,
  text,
  type WordKind,
  whole,
} from "@neft/options";
import { defaultMetrics, metrics } from "./metrics/metrics.js";

const group = "Chips:";
const ofMetrics = "Metrics:";

/** Maximum length of a list or range; catches a mistyped step. */
const most = 1000;

const positive = real({ above: 0 });
const sigmas = oneOrListOf(standardDeviation, {
  most,
  words: "a number from 0 to 1 or a list of them",
  placeholder: "<list>",
});

/**
 * One σ or a list of them. On the command line: values and ranges `start:stop:step` separated by commas; the stop is included.
 *
 * The values of a range are start + i·step ≤ stop, rounded to 12 significant digits: `0:0.3:0.1` gives 0, 0.1, 0.2, 0.3. Duplicate
 * values on the command line are an error.
 */
export const standardDeviations: typeof sigmas = { ...sigmas, parse: parseRanges };

function parseRanges(word: string, option: string): number[] {
  const values = word.split(",").flatMap((part) => {
    const pieces = part.split(":");
    if (pieces.length === 1) return [standardDeviation.parse(part.trim(), option)];
    if (pieces.length !== 3) return refuse(option, "numbers ≥ 0 or start:stop:step", word);
    const [start, stop] = pieces.slice(0, 2).map((piece) => standardDeviation.parse(piece.trim(), option)) as [
      number,
      number,
    ];
    const step = positive.parse(pieces[2]!.trim(), option);
    if (stop < start) refuse(option, "a range whose stop is not below its start", part);
    // The 1e-9 absorbs the rounding of quotients such as 0.3/0.1.
    const count = Math.floor((stop - start) / step + 1e-9) + 1;
    if (count > most) refuse(option, `at most ${most} values`, part);
    return Array.from({ length: count }, (_, i) => Number((start + i * step).toPrecision(12)));
  });
  if (values.length > most)
    throw new OptionError({ option, expected: `at most ${most} values`, got: `${values.length} values` });
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined)
    throw new OptionError({ option, expected: "different values", got: `${twice} twice in "${word}"` });
  return values;
}

/** A number of chips, limited so that the counts of all chips fit in memory. */
export const chipCount: WordKind<number> = whole({ min: 1, max: 100_000 });

/** The seed, a setting of every call that draws random numbers. */
export const seedSettings = defineSettings({
  seed: {
    kind: whole({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    about: "random seed; the same seed gives the same results for any number of workers",
    default: 1,
    group: "Running:",
  },
});

/** The choice of the output with the class scores. */
export const outputSettings = defineSettings({
  output: {
    kind: text(),
    about:
      "name of the output with the class scores, required if the model has several; against the clean network, of the output to compare, all of floats by default",
    group: "Data:",
  },
});

/** What a comparison with the clean network reads. */
export const comparisonSettings = defineSettings({
  compare: {
    kind: oneOf(["logits"], "<what>"),
    about:
      "what is compared with the clean network: logits for the scores before a final softmax or sigmoid, which still differ where its outputs are saturated",
    defaultWords: "the outputs",
    group: "Data:",
  },
});

const among = (): string => `one of ${[...metrics.keys()].join(", ")}`;

/** Ids of metrics. Read at each use: rows can be added. */
const metricId: WordKind<string> = {
  get words() {
    return among();
  },
  placeholder: "<id>",
  check: (value, option) => (metrics.has(value as string) ? (value as string) : refuse(option, among(), value)),
  parse: (word, option) => metricId.check(word, option),
};
const metricIds = listOf(metricId, { most, words: "a list of metrics by id", placeholder: "<ids>" });

/** Settings of `evaluate`. */
export const evaluationSettings = defineSettings({
  ...outputSettings,
  reference: {
    kind: oneOf(["clean"], "<what>"),
    about:
      "what chips are compared with: clean for the outputs of the network without variation, which needs no labels and takes any network",
    defaultWords: "the labels",
    group: "Data:",
  },
  ...comparisonSettings,
  ...chipSettings,
  ...readSettings,
  sigma: {
    kind: standardDeviations,
    about:
      "device standard deviations relative to full scale, 0 to 1: 0.1,0.2 or start:stop:step with the stop included",
    default: [0.1, 0.2, 0.3],
    defaultWords: "0.1,0.2,0.3, or the chip's own",
    group,
  },
  chips: { kind: chipCount, about: "number of chips per σ", default: 100, group },
  precision: {
    kind: real({ above: 0 }, "<points>"),
    about:
      "stop when the 95 % interval of the mean accuracy, or with a reference of the mean relative error, has this half-width; chips is then the maximum",
    group,
  },
  metrics: {
    kind: metricIds,
    about: "metrics of the results, by id; docs/metrics.md defines them",
    defaultWords: defaultMetrics.join(","),
    group: ofMetrics,
  },
  yieldAccuracy: {
    kind: oneOrListOf(real({ min: 0, max: 100 }, "<percent>"), {
      most,
      words: "an accuracy in percent or a list of them",
    }),
    about: "accuracies in percent: the metric yield says which share of chips reaches each",
    group: ofMetrics,
  },
  temperatureChips: {
    kind: chipCount,
    about: "chips per σ that the temperature is fitted on, where data for it are given",
    default: 10,
    group: ofMetrics,
  },
  ...seedSettings,
});

/** Settings that callers pass. */
export type GivenEvaluationSettings = GivenOf<typeof evaluationSettings>;

/** Settings with defaults filled in. Plain data; results record it. */
export type EvaluationSettings = ResolvedOf<typeof evaluationSettings>;

/**
 * Ids of the metrics to compute: those named, else the default ones; and the yield, where accuracies for it are given.
 * @throws {OptionError} for a yield without accuracies.
 */
export function metricsOf({
  metrics: named,
  yieldAccuracy,
}: Pick<EvaluationSettings, "metrics" | "yieldAccuracy">): readonly string[] {
  const ids = new Set(named ?? defaultMetrics);
  if (yieldAccuracy !== undefined) ids.add("yield");
  else if (ids.has("yield"))
    throw new OptionError({ option: "yieldAccuracy", expected: "accuracies with the metric yield", got: "none" });
  return [...ids];
}

/** Settings that only results against labels have. */
const ofLabels = ["metrics", "yieldAccuracy"] as const;

/**
 * Checks that no metrics are asked for against the clean network.
 * @throws {OptionError} if some are.
 */
export function checkUnmeasured(settings: Pick<EvaluationSettings, (typeof ofLabels)[number]>): void {
  for (const option of ofLabels) {
    if (settings[option] === undefined) continue;
    throw new OptionError({ option, expected: "none with the reference clean", got: String(settings[option]) });
  }
}

/**
 * Checks that nothing says what to compare where labels are read.
 * @throws {OptionError} if something does.
 */
export function checkUncompared(compare: string | undefined, who: string): void {
  if (compare === undefined) return;
  throw new OptionError({ option: "compare", expected: `no value ${who}`, got: compare });
}
