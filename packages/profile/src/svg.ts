const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as XML: markup is escaped, and characters that XML can't hold are replaced. */
const escaped = (text: string): string =>
  text
    .replace(/[&<>"]/g, (character) => entities[character]!)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffe\uffff]/gu, "\ufffd");

/** Contents of an element: elements, or text made by `text`. */
type Content = readonly string[];

/** One element of a picture. Numbers are rounded to hundredths of a pixel. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: Content = [],
): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    const word = typeof value === "number" ? String(Math.round(100 * value) / 100) : escaped(value);
    return ` ${key}="${word}"`;
  });
  const start = `<${name}${written.join("")}`;
  return content.length === 0 ? `${start}/>` : `${start}>${content.join("")}</${name}>`;
}

/** A line of text at a position; `attributes` such as `text-anchor`. */
export const text = (
  x: number,
  y: number,
  words: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string => element("text", { x, y, ...attributes }, [escaped(words)]);
