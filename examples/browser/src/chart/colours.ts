/** Colours of charts, read from the page's custom properties so that charts follow the theme. */
export type Colours = Readonly<Record<"text" | "muted" | "line" | "before" | "after" | "surface", string>>;

export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    text: read("text"),
    muted: read("muted"),
    line: read("line"),
    before: read("before"),
    after: read("after"),
    surface: read("surface"),
  };
}
