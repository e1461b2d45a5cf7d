import { inWords } from "./in-words.js";

/**
 * Checks the type of an option's value; `who` is the option's name. Ranges of numbers are checked by the function that uses them.
 * @throws {RangeError} with the expected type and the value.
 */
export type Rule = (value: unknown, who: string) => void;

/** The rule of a required option. */
export type RequiredRule = Rule & { readonly isRequired: true };

/** One rule for each member of `Options`. A missing rule, or an optional rule for a required member, is a type error. */
export type Rules<Options> = {
  readonly [Name in keyof Options]-?: object extends Pick<Options, Name> ? Rule : RequiredRule;
};

/** Makes a rule from a predicate and the description for its error. The annotation lets bundlers drop rules without a use. */
/* @__NO_SIDE_EFFECTS__ */
export const kind =
  (expected: string, isOne: (value: unknown) => boolean): Rule =>
  (value, who) => {
    if (!isOne(value)) throw new RangeError(`${who}: expected ${expected}, got ${withAdvice(value)}`);
  };

/** Formats a value for an error; adds the fix for two common mistakes: a promise and an ArrayBuffer. */
function withAdvice(value: unknown): string {
  if (has(value, "then")) return "a promise; await it";
  if (value instanceof ArrayBuffer) return "an ArrayBuffer; wrap it: new Uint8Array(buffer)";
  return inWords(value);
}

/** Wraps a rule so that it accepts undefined. */
export const optional =
  (rule: Rule): Rule =>
  (value, who) => {
    if (value !== undefined) rule(value, who);
  };

/** Marks a rule as required: `checkOptions` then applies it to a missing option too. */
export const required = (rule: Rule): RequiredRule =>
  Object.assign((value: unknown, who: string) => rule(value, who), { isRequired: true as const });

/** Makes a predicate for arrays whose items all pass `isOne`. A hole counts as undefined. */
/* @__NO_SIDE_EFFECTS__ */
export function isListOf(isOne: (item: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && Array.from(value).every(isOne);
}

/** Whether a value is an object with these members. It replaces `instanceof`, which fails for objects of another realm. */
export const has = <Name extends string>(
  value: unknown,
  ...names: readonly Name[]
): value is Readonly<Record<Name, unknown>> =>
  typeof value === "object" && value !== null && names.every((name) => name in value);

/** Whether an object is plain: its prototype is null or an `Object.prototype`, of any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Checks that `given` is a plain object. Inherited members would be read, but lost when options are copied by spreading.
 * @param who  Name of the called function or option, the start of the error message.
 * @param words  Description of the object, for errors. Default: "options".
 * @throws {RangeError} for any other value.
 */
export function checkPlain(who: string, given: unknown, words = "options"): asserts given is object {
  if (!has(given) || Array.isArray(given)) {
    throw new RangeError(`${who}: expected ${words}, got ${inWords(given)}`);
  }
  if (!isPlain(given)) throw new RangeError(`${who}: expected ${words} as a plain object, got an instance of a class`);
}

/**
 * Checks that `given` is a plain object whose members are all in `names`.
 * @param who  Name of the called function or option, the start of the error message.
 * @throws {RangeError} for any other value, or for an unknown member.
 */
export function checkNames(who: string, given: unknown, names: readonly string[]): void {
  const known = names.join(", ");
  checkPlain(who, given, `options (${known})`);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) throw new RangeError(`${who}: expected no option but ${known}, got ${name}`);
  }
}

/**
 * Checks options against their rules. An option that is undefined counts as missing.
 * @param who  Name of the called function, for errors.
 * @param prefix  Text before an option's name in errors. Default: "".
 * @throws {RangeError} for an unknown option (lists the known ones), a value of the wrong type, or a missing required option.
 */
export function checkOptions(who: string, given: unknown, rules: Readonly<Record<string, Rule>>, prefix = ""): void {
  checkNames(who, given, Object.keys(rules));
  const values = given as Readonly<Record<string, unknown>>;
  for (const [name, rule] of Object.entries(rules)) {
    if (values[name] !== undefined || "isRequired" in rule) rule(values[name], prefix + name);
  }
}
