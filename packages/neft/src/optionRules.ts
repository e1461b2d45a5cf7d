/**
 * Says whether a value is of an option's kind; `who` names the option. What a number may be is checked where it is used.
 * @throws {RangeError} saying what was expected and what came.
 */
export type Rule = (value: unknown, who: string) => void;

/** A rule for each option: a type that gains one doesn't compile without it. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule };

const kind =
  (expected: string, isOne: (value: unknown) => boolean): Rule =>
  (value, who) => {
    if (!isOne(value)) throw new RangeError(`${who}: expected ${expected}, got ${inWords(value)}`);
  };

const isNumber = (value: unknown): boolean => typeof value === "number";
const isText = (value: unknown): boolean => typeof value === "string";
const areNumbers = (value: unknown): boolean => Array.isArray(value) && value.every(isNumber);

/** Whether a value is an object that has these members: one of another realm, or a stand-in, has no class of ours. */
const has = <Name extends string>(
  value: unknown,
  ...names: readonly Name[]
): value is Readonly<Record<Name, unknown>> =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

/** The kinds of values that options have. */
export const kinds = {
  number: kind("a number", isNumber),
  numbers: kind("a number or a list of numbers", (value) => isNumber(value) || areNumbers(value)),
  pair: kind("a list of two numbers", (value) => areNumbers(value) && (value as unknown[]).length === 2),
  flag: kind("true or false", (value) => typeof value === "boolean"),
  name: kind("a name", isText),
  callback: kind("a function", (value) => typeof value === "function"),
  signal: kind("an AbortSignal", (value) => has(value, "aborted", "addEventListener")),
  workers: kind(
    "a number or a pool of createWorkers",
    (value) => isNumber(value) || has(value, "size", "prepare", "run"),
  ),
  device: kind("an id or a device record", (value) => isText(value) || has(value, "id", "programming")),
  dataset: kind("a dataset", (value) => has(value, "values", "labels", "shape")),
  strategy: kind("an id or an object with an id", (value) => isText(value) || (has(value, "id") && isText(value.id))),
  oneOf: (...words: readonly unknown[]): Rule => kind(words.join(" or "), (value) => words.includes(value)),
  /** Options in their turn. */
  options:
    (rules: Readonly<Record<string, Rule>>): Rule =>
    (value, who) =>
      checkOptions(who, value, rules, `${who}.`),
};

/**
 * Checks what `who` was given as options; one that is undefined counts as left out.
 * @param prefix  stands before an option's name in errors.
 * @throws {RangeError} for an option without a rule, naming those that have one, or a value of another kind.
 */
export function checkOptions(who: string, given: unknown, rules: Readonly<Record<string, Rule>>, prefix = ""): void {
  const known = Object.keys(rules).join(", ");
  if (!has(given) || Array.isArray(given)) {
    throw new RangeError(`${who}: expected options (${known}), got ${inWords(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, name)) throw new RangeError(`${who}: expected no option but ${known}, got ${name}`);
    if (value !== undefined) rules[name]!(value, prefix + name);
  }
}

/** Items of a list that errors show. */
const shownItems = 8;

/** A value as errors show it: words in quotes, objects, which can be large, as such. */
function inWords(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) {
    const shown = value.slice(0, shownItems).map((item) => (Array.isArray(item) ? "a list" : inWords(item)));
    return `[${[...shown, ...(value.length > shownItems ? ["…"] : [])].join(", ")}]`;
  }
  if (typeof value === "function") return "a function";
  return has(value) ? "an object" : String(value);
}
