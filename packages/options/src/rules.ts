import { inWords } from "./inWords.js";

/**
 * Says whether a value is of an option's kind; `who` names the option. What a number may be is checked where it is used.
 * @throws {RangeError} saying what was expected and what came.
 */
export type Rule = (value: unknown, who: string) => void;

/** The rule of an option that can't be left out. */
export type RequiredRule = Rule & { readonly isRequired: true };

/** A rule for each option: a type that gains one doesn't compile without it, nor one whose option has come to be required. */
export type Rules<Options> = {
  readonly [Name in keyof Options]-?: object extends Pick<Options, Name> ? Rule : RequiredRule;
};

/** The rule of a kind of values. */
export const kind =
  (expected: string, isOne: (value: unknown) => boolean): Rule =>
  (value, who) => {
    if (!isOne(value)) throw new RangeError(`${who}: expected ${expected}, got ${withAdvice(value)}`);
  };

/** A value in words, and what to do where it is one step short of what it should be. */
function withAdvice(value: unknown): string {
  if (has(value, "then")) return "a promise; await it";
  if (value instanceof ArrayBuffer) return "an ArrayBuffer; wrap it: new Uint8Array(buffer)";
  return inWords(value);
}

/** The same rule for an argument that can be left out. */
export const optional =
  (rule: Rule): Rule =>
  (value, who) => {
    if (value !== undefined) rule(value, who);
  };

/** The same rule for an option that can't be left out. */
export const required = (rule: Rule): RequiredRule =>
  Object.assign((value: unknown, who: string) => rule(value, who), { isRequired: true as const });

/** Whether a value is a list of such items; a hole is undefined. */
export function isListOf(isOne: (item: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && Array.from(value).every(isOne);
}

const isNumber = (value: unknown): boolean => typeof value === "number";

/** Whether a value is an object that has these members: one of another realm, or a stand-in, has no class of ours. */
export const has = <Name extends string>(
  value: unknown,
  ...names: readonly Name[]
): value is Readonly<Record<Name, unknown>> =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

/** Whether a value is a list of numbers of any sort: an array, or a typed one. */
const isNumberList = (value: unknown): boolean =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** Whether an object has no members but its own: its prototype is the last one, of whatever realm, or none. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const tagOf = (value: unknown): string | undefined =>
  ArrayBuffer.isView(value) ? (value as unknown as Record<symbol, string>)[Symbol.toStringTag] : undefined;

/** The kinds of values that options have in many places. */
export const kinds = {
  number: kind("a number", isNumber),
  count: kind("a whole number ≥ 1", (value) => Number.isInteger(value) && (value as number) >= 1),
  flag: kind("true or false", (value) => typeof value === "boolean"),
  name: kind("a name", (value) => typeof value === "string"),
  names: kind(
    "a list of names",
    isListOf((value) => typeof value === "string"),
  ),
  /** Bytes of a file: a Buffer, which is one, or of another realm. */
  bytes: kind("a file's bytes as a Uint8Array", (value) => tagOf(value) === "Uint8Array"),
  numberList: kind("a list of numbers", isNumberList),
  shape: kind(
    "a list of whole numbers ≥ 0",
    isListOf((value) => Number.isSafeInteger(value) && (value as number) >= 0),
  ),
  callback: kind("a function", (value) => typeof value === "function"),
  oneOf: (...words: readonly unknown[]): Rule => kind(words.join(" or "), (value) => words.includes(value)),
  /** Options in their turn. */
  options:
    (rules: Readonly<Record<string, Rule>>): Rule =>
    (value, who) =>
      checkOptions(who, value, rules, `${who}.`),
};

/**
 * Checks the names of what `who` was given as options.
 * @throws {RangeError} for a value that is no plain object, or a member with another name.
 */
export function checkNames(who: string, given: unknown, names: readonly string[]): void {
  const known = names.join(", ");
  if (!has<string>(given) || Array.isArray(given)) {
    throw new RangeError(`${who}: expected options (${known}), got ${inWords(given)}`);
  }
  // Members of another prototype would be read here and lost where options are handed on.
  if (!isPlain(given))
    throw new RangeError(`${who}: expected options (${known}) as a plain object, got one of a class`);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new RangeError(`${who}: expected no option but ${known}, got ${name}`);
  }
}

/**
 * Checks what `who` was given as options; one that is undefined counts as left out.
 * @param prefix  stands before an option's name in errors.
 * @throws {RangeError} for an option without a rule, naming those that have one, a value of another kind, or one that is missing.
 */
export function checkOptions(who: string, given: unknown, rules: Readonly<Record<string, Rule>>, prefix = ""): void {
  checkNames(who, given, Object.keys(rules));
  const values = given as Readonly<Record<string, unknown>>;
  for (const [name, rule] of Object.entries(rules)) {
    if (values[name] !== undefined || "isRequired" in rule) rule(values[name], prefix + name);
  }
}
