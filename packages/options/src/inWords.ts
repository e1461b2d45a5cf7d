/** Items of a list that errors show, and characters of a word. */
const shownItems = 8;
const shownCharacters = 200;

/**
 * Characters a terminal acts on instead of showing them, or that show as nothing: control characters (C0 with its line breaks,
 * DEL, C1), directions and other invisible formats, line and paragraph separators, private ones, halves of a pair.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;

const code = (character: string): string => {
  const hex = character.codePointAt(0)!.toString(16);
  return hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\u{${hex}}`;
};

/** A text on one line, as a terminal may get it: control and format characters are written as \uXXXX. */
export function oneLine(text: string): string {
  return text.replace(unseen, code);
}

/** `oneLine` for texts of several lines: line breaks stay. */
export function printable(text: string): string {
  return text.replace(unseen, (character) => (character === "\n" ? character : code(character)));
}

/** At most `most` characters of a text; the middle of a longer one is left out, since names tend to differ at their ends. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const half = Math.floor((most - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(text.length - half)}`;
}

/** A value as errors show it: words in quotes on one line, objects, which can be large, as such. */
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
