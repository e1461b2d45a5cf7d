import { has } from "./rules.js";

/** The parts of an error about an option: plain data, so that they survive a clone to another thread. */
export interface OptionErrorParts {
  /** The option's path: "batch", "validation.images". */
  readonly option: string;
  /** What it may be. Stands behind "expected" in the message. */
  readonly expected: string;
  /** What it is, in words. */
  readonly got: string;
  /** What the message begins with. Default: the option, "{option}". */
  readonly subject?: string | undefined;
  /** What to do. */
  readonly advice?: string | undefined;
  /** Other options that the texts name, as "{weightBits}"; other braces are text. */
  readonly mentions?: readonly string[] | undefined;
}

/**
 * An option out of range, or options that don't go together or don't fit the data.
 *
 * The message names options as the API does; `messageWith` words it with other names, such as the command's flags.
 */
export class OptionError extends RangeError implements OptionErrorParts {
  readonly option: string;
  readonly expected: string;
  readonly got: string;
  readonly subject: string | undefined;
  readonly advice: string | undefined;
  readonly mentions: readonly string[] | undefined;

  constructor(parts: OptionErrorParts) {
    super(wordsOf(parts, (option) => option));
    this.option = parts.option;
    this.expected = parts.expected;
    this.got = parts.got;
    this.subject = parts.subject;
    this.advice = parts.advice;
    this.mentions = parts.mentions;
  }
}

function wordsOf(parts: OptionErrorParts, called: (option: string) => string): string {
  const { option, expected, got, subject = "{option}", advice, mentions = [] } = parts;
  const fill = (text: string): string =>
    text.replace(/\{([\w.]+)\}/g, (braces, name: string) => (mentions.includes(name) ? called(name) : braces));
  const first = subject.replace("{option}", () => called(option));
  return `${fill(first)}: expected ${fill(expected)}, got ${fill(got)}${advice === undefined ? "" : `; ${fill(advice)}`}`;
}

/** Whether a value has the parts of an `OptionError`: the error itself, or what a clone left of it. */
const isOptionError = (value: unknown): value is OptionErrorParts =>
  has(value, "option", "expected", "got") &&
  [value.option, value.expected, value.got].every((text) => typeof text === "string");

/** The message of an `OptionError`, or of its clone, with the options' names that `called` gives; nothing for other values. */
export function messageWith(error: unknown, called: (option: string) => string): string | undefined {
  return isOptionError(error) ? wordsOf(error, called) : undefined;
}
