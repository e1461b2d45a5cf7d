/** Okabe and Ito's colours, which colour-blind readers can distinguish, and a grey. */
export const palette = {
  grey: "#7f7f7f",
  orange: "#E69F00",
  sky: "#56B4E9",
  green: "#009E73",
  purple: "#CC79A7",
  blue: "#0072B2",
  vermilion: "#D55E00",
} as const;

/** Colours of series in their order. */
const seriesColours = [
  palette.blue,
  palette.orange,
  palette.green,
  palette.purple,
  palette.vermilion,
  palette.sky,
  palette.grey,
];

/** Shapes of points. Their number has no factor in common with that of the colours: 56 series differ in one or the other. */
const seriesShapes = [
  "circle",
  "square",
  "triangle-up",
  "diamond",
  "cross",
  "triangle-down",
  "triangle-right",
  "triangle-left",
];

const inTurn = (list: readonly string[], count: number): string[] =>
  Array.from({ length: count }, (_, i) => list[i % list.length]!);

/** Colours of `count` series. */
export const coloursOf = (count: number): string[] => inTurn(seriesColours, count);
/** Shapes of the points of `count` series. */
export const shapesOf = (count: number): string[] => inTurn(seriesShapes, count);

/** Colours of all that isn't data, in charts on light paper: `darkRules` replaces each. */
export const inks = {
  paper: "#ffffff",
  ink: "#222222",
  quiet: "#5c6269",
  line: "#98a0a8",
  grid: "#e5e7ea",
} as const;

/** The same on a dark screen. */
const darkInks: Readonly<Record<keyof typeof inks, string>> = {
  paper: "#16181c",
  ink: "#e6e6e6",
  quiet: "#a6adb5",
  line: "#7a8087",
  grid: "#33373d",
};

/** Colours of a dark screen by those on paper. The blue is lighter there: it has little contrast with black. */
const darkColours: readonly (readonly [light: string, dark: string])[] = [
  ...(Object.keys(inks) as (keyof typeof inks)[]).map((name) => [inks[name], darkInks[name]] as const),
  [palette.blue, "#3b8fd4"],
];

/** CSS rules that turn a rendered chart within `scope` dark: its colours are attributes, which rules win over. */
export const darkRules = (scope: string): string =>
  darkColours
    .flatMap(([light, dark]) =>
      ["fill", "stroke"].map((attribute) => `${scope} [${attribute}="${light}"]{${attribute}:${dark}}`),
    )
    .join("\n");

/** CSS variables of a page, light or dark. */
export const inkVariables = (mode: "light" | "dark"): string =>
  Object.entries(mode === "light" ? inks : darkInks)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(";");

export const fontFamily = "DejaVu Sans, Helvetica, Arial, sans-serif";

/** What all charts share: members of a Vega-Lite spec. */
export const style = {
  $schema: "https://vega.github.io/schema/vega-lite/v6.json",
  background: inks.paper,
  padding: 14,
  config: {
    // The whole chart has a description; one for each mark doubles its size.
    aria: false,
    font: fontFamily,
    axis: {
      labelFontSize: 12,
      titleFontSize: 12,
      titleFontWeight: "normal",
      titlePadding: 8,
      labelColor: inks.ink,
      titleColor: inks.ink,
      gridColor: inks.grid,
      domainColor: inks.line,
      tickColor: inks.line,
      labelLimit: 260,
      labelFlush: false,
    },
    legend: {
      layout: { top: { direction: "vertical", anchor: "start", margin: 6 } },
      labelFontSize: 12,
      titleFontSize: 12,
      labelColor: inks.ink,
      titleColor: inks.ink,
    },
    header: { labelFontSize: 12.5, labelFontWeight: "bold", labelColor: inks.ink, labelLimit: 380 },
    title: { color: inks.ink, subtitleColor: inks.quiet },
    view: { stroke: null },
  },
};
