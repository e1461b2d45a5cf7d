import { chipSettings, standardDeviation } from "@neft/crossbar";
import {
  defineSettings,
  type GivenOf,
  OptionError,
  oneOrListOf,
  type ResolvedOf,
  real,
  refuse,
  text,
  type WordKind,
  whole,
} from "@neft/options";

const group = "Chips:";

/** A list or range longer than this is taken for a slip of the step. */
const most = 1000;

const positive = real({ above: 0 });
const sigmas = oneOrListOf(standardDeviation, {
  most,
  words: "a number from 0 to 1 or a list of them",
  placeholder: "<list>",
});

/**
 * Standard deviations, one or a list. As a word `0.1,0.2`, or `start:stop:step` with the stop included, or both mixed.
 *
 * A range's values are start + i·step rounded to 12 significant digits, so `0:0.3:0.1` gives 0, 0.1, 0.2, 0.3; a stop that the
 * steps pass over is left out. A word with a value twice is refused.
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
    // A billionth of a step forgives the rounding of 0.3/0.1 without letting a real overshoot in.
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

/** A number of chips: more than anybody needs, and few enough for their accuracies to fit the memory. */
export const chipCount: WordKind<number> = whole({ min: 1, max: 100_000 });

/** Settings of everything that draws random numbers. */
export const seedSettings = defineSettings({
  seed: {
    kind: whole({ min: 0 }),
    about: "the same seed gives the same numbers, whatever the workers",
    default: 1,
    group: "Running:",
  },
});

/** Which scores of a network count. */
export const outputSettings = defineSettings({
  output: {
    kind: text(),
    about: "the model's output with the class scores; needed where it has several",
    group: "Data:",
  },
});

/** How a network is evaluated on chips. */
export const evaluationSettings = defineSettings({
  ...outputSettings,
  ...chipSettings,
  sigma: {
    kind: standardDeviations,
    about: "device standard deviations, relative to full scale, 0 to 1: 0.1,0.2 or start:stop:step, stop included",
    default: [0.1, 0.2, 0.3],
    group,
  },
  chips: { kind: chipCount, about: "chips for each σ", default: 100, group },
  precision: {
    kind: real({ above: 0 }, "<points>"),
    about: "stop at this half-width of the mean's 95 % interval; chips is then the most there may be",
    group,
  },
  ...seedSettings,
});

/** Settings of an evaluation as callers give them. */
export type GivenEvaluationSettings = GivenOf<typeof evaluationSettings>;

/** The same with defaults filled in: plain data, what results record. */
export type EvaluationSettings = ResolvedOf<typeof evaluationSettings>;
