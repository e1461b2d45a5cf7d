import { darkRules } from "./theme.js";

/** A chart in a narrow window is shrunk to this share of its size, and scrolls: its text of 12 pixels stays readable. */
const leastShare = 0.8;

/**
 * A rendered chart that can stand beside others in a page: names of its clip paths begin with `id`, and it is described to readers who can't see
 * it.
 */
export function embedded(svg: string, id: string, about: string): string {
  const width = Number(/^<svg [^>]*\bwidth="([\d.]+)"/.exec(svg)?.[1] ?? 0);
  return svg
    .replace(/\bid="(\w+)"/g, `id="${id}-$1"`)
    .replace(/\burl\(#(\w+)\)/g, `url(#${id}-$1)`)
    .replace(
      /^<svg /,
      `<svg role="img" aria-label="${escaped(about)}" style="min-width:${Math.round(leastShare * width)}px" `,
    );
}

/** A rendered chart as a file of its own, which turns dark where its reader's screen is. */
export const standalone = (svg: string): string =>
  `${svg.replace(/^(<svg [^>]*>)/, `$1<style>@media (prefers-color-scheme:dark){\n${darkRules("svg")}\n}</style>`)}\n`;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML or XML, in elements and attributes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character]!);
