import { type Bounds, boundsInWords, isWithin } from "./bounds.js";
import { inWords } from "./in-words.js";
import { OptionError, type OptionErrorParts } from "./option-error.js";
import { has } from "./rules.js";

/** The type of a setting's values. Callers pass a `Given`; `check` turns it into the `Resolved` that the library uses. */
export interface Kind<Given = unknown, Resolved = unknown> {
  /** Description for errors: "a whole number ≥ 1". */
  readonly words: string;
  /** Placeholder of a value in the command's help: "<n>". Undefined for a switch and for kinds that the command can't set. */
  readonly placeholder?: string;
  /**
   * Checks a value and resolves it.
   * @param option  The option's path, for errors.
   * @throws {OptionError} for a value of the wrong type or out of bounds.
   */
  check(value: unknown, option: string): Resolved;
  /**
   * Parses one argument of a command line.
   * @throws {OptionError} under the same conditions as `check`.
   */
  parse?(word: string, option: string): Given;
  /** Never set. It carries the type `Given` for inference. */
  readonly given?: Given;
}

/** A kind whose values can be written as one command-line argument. */
export type WordKind<Given, Resolved = Given> = Kind<Given, Resolved> & Required<Omit<Kind<Given, Resolved>, "given">>;

/** Throws the `OptionError` "option: expected …, got …; advice". The value is formatted by `inWords`. */
export function refuse(option: string, expected: string, value: unknown, advice?: string): never {
  throw new OptionError({ option, expected, got: gotWords(value), advice });
}

/** Formats a value for an error; for a promise it adds the fix. */
function gotWords(value: unknown): string {
  return has(value, "then") ? "a promise; await it" : inWords(value);
}

const decimal = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

/** A number within bounds. A command-line argument must also match `pattern`. */
function numbers(bounds: Bounds, pattern: RegExp, placeholder: string): WordKind<number> {
  const words = boundsInWords(bounds);
  const check = (value: unknown, option: string): number =>
    isWithin(value, bounds) ? value : refuse(option, words, value);
  const parse = (word: string, option: string): number => {
    const value = pattern.test(word.trim()) ? Number(word) : Number.NaN;
    return isWithin(value, bounds) ? value : refuse(option, words, word);
  };
  return { words, placeholder, check, parse };
}

/** A finite number within bounds. On the command line: decimal, with an optional exponent. */
export const real = (bounds: Omit<Bounds, "whole"> = {}, placeholder = "<x>"): WordKind<number> =>
  numbers(bounds, decimal, placeholder);

/** A safe integer within bounds. On the command line: digits with an optional sign. */
export const whole = (bounds: Omit<Bounds, "whole"> = {}, placeholder = "<n>"): WordKind<number> =>
  numbers({ ...bounds, whole: true }, /^[+-]?\d+$/, placeholder);

/** A kind whose errors say why its values are bounded. */
export function because<G, R>(kind: WordKind<G, R>, reason: string): WordKind<G, R> {
  const explained = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      throw error instanceof OptionError ? new OptionError({ ...partsOf(error), advice: reason }) : error;
    }
  };
  return {
    ...kind,
    check: (value, option) => explained(() => kind.check(value, option)),
    parse: (word, option) => explained(() => kind.parse(word, option)),
  };
}

const partsOf = ({ option, expected, got, subject, mentions }: OptionError): OptionErrorParts => ({
  option,
  expected,
  got,
  subject,
  mentions,
});

/** True or false. On the command line: a switch that sets the opposite of the default. */
export const flag: Kind<boolean, boolean> = opaque("true or false", (value) => typeof value === "boolean");

/** Any text that isn't blank. */
export const text = (placeholder = "<name>"): WordKind<string> => {
  const words = "a name";
  const check = (value: unknown, option: string): string =>
    typeof value === "string" && value.trim() !== "" ? value : refuse(option, words, value);
  return { words, placeholder, check, parse: check };
};

/** One of the given words. */
export const oneOf = <const T extends string>(names: readonly T[], placeholder = "<id>"): WordKind<T> => {
  const words = names.length === 1 ? `${names[0]}` : `one of ${names.join(", ")}`;
  const check = (value: unknown, option: string): T =>
    names.find((name) => name === value) ?? refuse(option, words, value);
  return { words, placeholder, check, parse: check };
};

/** Length limits of a list, and its description. */
export interface ListBounds {
  /** Minimum length. Default: 1. */
  readonly least?: number;
  /** Maximum length; catches a mistyped range. Default: 1000. */
  readonly most?: number;
  /** Description for errors. Default: "a list, each {item}". */
  readonly words?: string;
  /** Default: the item's placeholder with ",…" added. */
  readonly placeholder?: string;
}

/** A list of values of one kind. On the command line: separated by commas. */
export function listOf<G, R>(item: WordKind<G, R>, bounds: ListBounds = {}): WordKind<readonly G[], readonly R[]> {
  const { least = 1, most = 1000, words = `a list, each ${item.words}` } = bounds;
  const check = (value: unknown, option: string): readonly R[] => {
    if (!Array.isArray(value)) return refuse(option, words, value);
    if (value.length < least || value.length > most) {
      const [expected, got] =
        least === most
          ? [`${least} values`, `${value.length}`]
          : value.length < least
            ? [least === 1 ? "at least one" : `at least ${least}`, value.length === 0 ? "none" : `${value.length}`]
            : [`at most ${most}`, `${value.length}`];
      throw new OptionError({ option, expected, got });
    }
    return Array.from<unknown, R>(value, (one) => item.check(one, option));
  };
  const parse = (word: string, option: string): readonly G[] => {
    const parts = word.split(",");
    if (parts.length > most)
      throw new OptionError({ option, expected: `at most ${most} values`, got: `${parts.length} values` });
    return parts.map((part) => item.parse(part.trim(), option));
  };
  const { placeholder = item.placeholder.replace(/>$/, ",…>") } = bounds;
  return { words, placeholder, check, parse };
}

/** A number or a list of numbers. Resolves to a list. */
export function oneOrListOf<G, R>(
  item: WordKind<G, R>,
  bounds: ListBounds & { readonly words: string },
): WordKind<G | readonly G[], readonly R[]> {
  const list = listOf(item, bounds);
  return {
    ...list,
    check: (value, option) => {
      if (Array.isArray(value)) return list.check(value, option);
      if (typeof value !== "number") return refuse(option, list.words, value);
      return list.check([value], option);
    },
  };
}

/**
 * A list of exactly two values of one kind.
 * @param words  Description for errors.
 */
export function pairOf<T>(item: WordKind<T>, words: string): WordKind<readonly [T, T]> {
  return listOf(item, { least: 2, most: 2, words }) as unknown as WordKind<readonly [T, T]>;
}

/** Values that pass `isOne`, unchanged. They can't be written on a command line. */
export function opaque<T>(words: string, isOne: (value: unknown) => boolean): Kind<T, T> {
  return { words, check: (value, option) => (isOne(value) ? (value as T) : refuse(option, words, value)) };
}
