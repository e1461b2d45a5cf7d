import { inWords } from "@neft/options";

/** A JSON value. Members that are undefined are left out. */
export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };

/**
 * The one JSON text of a value: members sorted by name (UTF-16 code units), no spaces, numbers as JavaScript writes them. Equal values
 * have equal texts, whatever the order of their members.
 * @throws {RangeError} naming the first part that isn't JSON: a number that isn't finite, or a value of another type.
 */
export function canonicalJson(value: unknown, who = "value"): string {
  if (value === null || typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  if (typeof value === "number" && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one, i) => canonicalJson(one, `${who}[${i}]`)).join(",")}]`;
  if (isPlain(value)) {
    const members = Object.keys(value)
      .sort()
      .filter((name) => value[name] !== undefined)
      .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name], `${who}.${name}`)}`);
    return `{${members.join(",")}}`;
  }
  throw new RangeError(`${who}: expected a JSON value, got ${inWords(value)}`);
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
