import { inWords, oneLine } from "@neft/options";

/** A string, a comment, or one character of structure. What is between are numbers, words and white space. */
const tokens = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n\r]*|\/\*[\s\S]*?\*\/|[{}[\],]/g;

/** Position of a character as line and column. */
function placeOf(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}

/** What a text has beside JSON, replaced by spaces, so that positions stay. */
function plainJson(text: string): string {
  const blank = (token: string): string => token.replace(/[^\n\r]/g, " ");
  return (
    text
      // Editors may write a byte order mark.
      .replace(/^\uFEFF/, " ")
      .replace(tokens, (token) => (token.startsWith("/") ? blank(token) : token))
      .replace(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, (token) => (token === "," ? " " : token))
  );
}

/** Refuses a member that is given twice, of which JSON would silently keep the last. */
function checkDistinct(json: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token, index } of json.matchAll(tokens)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token.startsWith('"') && /^\s*:/.test(json.slice(index + token.length, index + token.length + 1000))) {
      const name = JSON.parse(token) as string;
      if (open.at(-1)?.has(name)) {
        throw new RangeError(`expected each member once, got ${inWords(name)} twice (${placeOf(json, index)})`);
      }
      open.at(-1)?.add(name);
    }
  }
}

/**
 * Parses JSON with comments and trailing commas.
 * @throws {RangeError} for any other text, naming line and column where the engine says them; and for a member that is given twice.
 */
export function parseJsonc(text: string): unknown {
  const json = plainJson(text);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const { message } = error as Error;
    const at = /at position (\d+)/.exec(message)?.[1];
    const place = at === undefined || message.includes("line") ? "" : ` (${placeOf(json, Number(at))})`;
    throw new RangeError(`expected JSON, got text that isn't: ${oneLine(message)}${place}`);
  }
  checkDistinct(json);
  return value;
}
