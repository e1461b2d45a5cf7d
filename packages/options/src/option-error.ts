import { has } from "./rules.js";

/** The fields of an `OptionError`: plain data, which the pool copies when an error crosses from a worker. */
export interface OptionErrorParts {
  /** The option's path: "batch", "validation.images". */
  readonly option: string;
  /** The accepted values; follows "expected" in the message. */
  readonly expected: string;
  /** The value found, formatted; follows "got" in the message. */
  readonly got: string;
  /** Start of the message; "{option}" in it is replaced by the option's name. Default: "{option}". */
  readonly subject?: string | undefined;
  /** How to fix it; the end of the message. Default: none. */
  readonly advice?: string | undefined;
  /** Other options whose names the texts contain in braces, as "{weightBits}". Braces around any other word are left unchanged. */
  readonly mentions?: readonly string[] | undefined;
}

/**
 * An error about an option: its value is out of range, or conflicts with another option or with the data.
 *
 * The message uses the API's option names. `messageWith` formats it with other names, such as the command's flags.
 */
export class OptionError extends RangeError implements OptionErrorParts {
  readonly option: string;
  readonly expected: string;
  readonly got: string;
  readonly subject: string | undefined;
  readonly advice: string | undefined;
  readonly mentions: readonly string[] | undefined;

  constructor(parts: OptionErrorParts) {
    super(formatMessage(parts, (option) => option));
    this.option = parts.option;
    this.expected = parts.expected;
    this.got = parts.got;
    this.subject = parts.subject;
    this.advice = parts.advice;
    this.mentions = parts.mentions;
  }
}

/** Formats the message "subject: expected …, got …; advice". `nameOf` maps an option's path to the name to show. */
function formatMessage(parts: OptionErrorParts, nameOf: (option: string) => string): string {
  const { option, expected, got, subject = "{option}", advice, mentions = [] } = parts;
  const fill = (text: string): string =>
    text.replace(/\{([\w.]+)\}/g, (braces, name: string) => (mentions.includes(name) ? nameOf(name) : braces));
  const first = subject.replace("{option}", () => nameOf(option));
  return `${fill(first)}: expected ${fill(expected)}, got ${fill(got)}${advice === undefined ? "" : `; ${fill(advice)}`}`;
}

/** Whether a value has the fields of an `OptionError`. An error of another realm has them without being an instance. */
const isOptionError = (value: unknown): value is OptionErrorParts =>
  has(value, "option", "expected", "got") &&
  [value.option, value.expected, value.got].every((text) => typeof text === "string");

/**
 * Formats the message of an `OptionError`, or of its copy from a worker, with other option names.
 *
 * @param nameOf  maps an option's path to the name to show.
 * @returns undefined for any other value.
 */
export function messageWith(error: unknown, nameOf: (option: string) => string): string | undefined {
  return isOptionError(error) ? formatMessage(error, nameOf) : undefined;
}
