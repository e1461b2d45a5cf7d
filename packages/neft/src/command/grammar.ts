import { limits } from "@neft/evaluation";
import { type Bounds, boundsInWords, inWords, isWithin } from "@neft/options";
import { questionOfSigma } from "../sigma.js";
import { UsageError } from "./exit-codes.js";

/** Reads one command-line word; `who` names the option in errors. */
export type WordParser<T> = (word: string, who: string) => T;

const numberPattern = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
/** A list or range longer than this is taken for a slip of the step. */
const longestList = limits.sigmas.max;

const refuse = (who: string, expected: string, got: string): never => {
  throw new UsageError(`${who}: expected ${expected}, got ${inWords(got)}`);
};

/** A decimal number within bounds; NaN, Infinity, hexadecimal and empty words are refused. */
export const number =
  (bounds: Bounds = {}): WordParser<number> =>
  (word, who) => {
    const value = numberPattern.test(word.trim()) ? Number(word) : Number.NaN;
    return isWithin(value, bounds) ? value : refuse(who, boundsInWords(bounds), word);
  };

/** A whole number within bounds, written in digits and exactly representable. */
export const whole =
  (bounds: Bounds = {}): WordParser<number> =>
  (word, who) => {
    const value = /^[+-]?\d+$/.test(word.trim()) ? Number(word) : Number.NaN;
    const all = { ...bounds, whole: true };
    return isWithin(value, all) ? value : refuse(who, boundsInWords(all), word);
  };

/** Comma-separated values, at least one, each read by `item`. */
export const list =
  <T>(item: WordParser<T>): WordParser<T[]> =>
  (word, who) => {
    const words = word.split(",");
    if (words.length > longestList) refuse(who, `at most ${longestList} values`, `${words.length} values`);
    return words.map((part) => item(part.trim(), who));
  };

/** One of the given words. */
export const oneOf =
  <const T extends string>(names: readonly T[]): WordParser<T> =>
  (word, who) => {
    const found = names.find((name) => name === word);
    return found ?? refuse(who, names.length === 1 ? `${names[0]}` : `one of ${names.join(", ")}`, word);
  };

/** Any word that is not empty. */
export const text: WordParser<string> = (word, who) => (word.trim() === "" ? refuse(who, "a name", word) : word);

/** A standard deviation relative to full scale, from 0 to 1; one that looks like percent is asked back for. */
export const sigma: WordParser<number> = (word, who) => {
  const value = number({ min: 0 })(word, who);
  const question = questionOfSigma(who, [value]);
  if (question !== undefined) throw new UsageError(question);
  return value;
};

/**
 * Device standard deviations: `0.1,0.2`, or `start:stop:step` with the stop included, or both mixed.
 *
 * A range's values are start + i·step rounded to 12 significant digits, so `0:0.3:0.1` gives 0, 0.1, 0.2, 0.3; a stop that the
 * steps pass over is left out.
 * @throws {UsageError} for negative or non-finite values, those above 1, a step that isn't positive, a value given twice.
 */
export const sigmas: WordParser<number[]> = (word, who) => {
  const values = word.split(",").flatMap((part) => {
    const pieces = part.split(":");
    if (pieces.length === 1) return [sigma(part.trim(), who)];
    if (pieces.length !== 3) return refuse(who, "numbers ≥ 0 or start:stop:step", word);
    const [start, stop] = pieces.slice(0, 2).map((piece) => sigma(piece.trim(), who)) as [number, number];
    const step = number({ above: 0 })(pieces[2]!.trim(), who);
    if (stop < start) refuse(who, "a range whose stop is not below its start", part);
    // A billionth of a step forgives the rounding of 0.3/0.1 without letting a real overshoot in.
    const count = Math.floor((stop - start) / step + 1e-9) + 1;
    if (count > longestList) refuse(who, `at most ${longestList} values`, part);
    return Array.from({ length: count }, (_, i) => Number((start + i * step).toPrecision(12)));
  });
  if (values.length > longestList) refuse(who, `at most ${longestList} values`, `${values.length} values`);
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined)
    throw new UsageError(`${who}: expected different values, got ${twice} twice in ${inWords(word)}`);
  return values;
};
