/** Items of a list that errors show, and characters of a word. */
const shownItems = 8;
const shownCharacters = 200;

/** A value as errors show it: words in quotes, objects, which can be large, as such. */
export function inWords(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.length > shownCharacters ? `${value.slice(0, shownCharacters)}…` : value);
  }
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) {
    const shown = Array.from(value.slice(0, shownItems), (item) => (Array.isArray(item) ? "a list" : inWords(item)));
    return `[${[...shown, ...(value.length > shownItems ? ["…"] : [])].join(", ")}]`;
  }
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
