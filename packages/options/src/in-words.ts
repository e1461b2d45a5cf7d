/** Maximum number of list items in an error. */
const shownItems = 8;
/** Maximum number of characters of a string in an error. */
const shownCharacters = 200;

/**
 * Characters that a terminal interprets or that are invisible: control (C0 including line breaks, DEL, C1), format (including
 * text direction), line and paragraph separators, private use, unpaired surrogates.
 */
const nonPrinting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

/** \uXXXX, or \u{X…} above U+FFFF. */
const escaped = (character: string): string => {
  const hex = character.codePointAt(0)!.toString(16);
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
};

/** Escapes control and format characters, including line breaks, as \uXXXX, so that a terminal shows the text on one line. */
export function oneLine(text: string): string {
  return text.replace(nonPrinting, escaped);
}

/** Escapes control and format characters as `oneLine` does, but keeps line breaks. */
export function printable(text: string): string {
  return text.replace(nonPrinting, (character) => (character === "\n" ? character : escaped(character)));
}

/** Shortens a text to `most` characters. It drops the middle, because names tend to differ at their ends. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`;
}

/**
 * Formats a value for an error message, on one line.
 *
 * Strings are quoted and cut after 200 characters, lists after 8 items. Objects and functions are only named as such.
 */
export function inWords(value: unknown): string {
  if (typeof value === "string") {
    return oneLine(JSON.stringify(value.length > shownCharacters ? `${value.slice(0, shownCharacters)}…` : value));
  }
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) {
    const shown = Array.from(value.slice(0, shownItems), (item) => (Array.isArray(item) ? "a list" : inWords(item)));
    return `[${[...shown, ...(value.length > shownItems ? ["…"] : [])].join(", ")}]`;
  }
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
