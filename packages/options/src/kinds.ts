import { checkOptions, isListOf, kind, type Rule } from "./rules.js";

/** Rules that several options share. Exports of their own, so that a bundle has only those it uses. */

const tagOf = (value: unknown): string | undefined =>
  ArrayBuffer.isView(value) ? (value as unknown as Record<symbol, string>)[Symbol.toStringTag] : undefined;

export const number = kind("a number", (value) => typeof value === "number");

export const count = kind("a whole number ≥ 1", (value) => Number.isInteger(value) && (value as number) >= 1);

export const flag = kind("true or false", (value) => typeof value === "boolean");

export const name = kind("a name", (value) => typeof value === "string");

export const names = kind(
  "a list of names",
  isListOf((value) => typeof value === "string"),
);

/** Bytes of a file: a Uint8Array of any realm. A Buffer is one. */
export const bytes = kind("a file's bytes as a Uint8Array", (value) => tagOf(value) === "Uint8Array");

/** An array or a typed array. Items are not checked. */
export const numberList = kind(
  "a list of numbers",
  (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
);

export const shape = kind(
  "a list of whole numbers ≥ 0",
  isListOf((value) => Number.isSafeInteger(value) && (value as number) >= 0),
);

export const callback = kind("a function", (value) => typeof value === "function");

/** One of the given values. */
export const oneOf = (...words: readonly unknown[]): Rule => kind(words.join(" or "), (value) => words.includes(value));

/** Nested options. */
export const options =
  (rules: Readonly<Record<string, Rule>>): Rule =>
  (value, who) =>
    checkOptions(who, value, rules, `${who}.`);
