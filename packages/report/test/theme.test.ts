import { palette } from "@neft/report";
import { expect, test } from "vitest";
import { lineChart } from "../src/line-chart.js";
import { coloursOf, darkRules, inks, shapesOf } from "../src/theme.js";
import { draw } from "./drawing.js";

test("56 series differ in colour or shape", () => {
  const [colours, shapes] = [coloursOf(56), shapesOf(56)];
  expect(new Set(colours.map((colour, i) => `${colour} ${shapes[i]}`)).size).toBe(56);
});

/** Relative luminance of sRGB (WCAG 2.2). */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
const contrast = (a: string, b: string): number => {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
};

test("texts and marks have contrast on paper and on a dark screen", () => {
  const dark = new Map([...darkRules("x").matchAll(/\[fill="([^"]+)"\]\{fill:([^}]+)\}/g)].map(([, a, b]) => [a!, b!]));
  const shades = (colour: string): string => dark.get(colour) ?? colour;
  for (const colour of [inks.ink, inks.quiet]) {
    expect(contrast(colour, inks.paper)).toBeGreaterThan(4.5);
    expect(contrast(shades(colour), shades(inks.paper))).toBeGreaterThan(4.5);
  }
  // Light colours of the palette stand with shapes and a line of their own on paper.
  for (const colour of Object.values(palette)) {
    expect(contrast(colour, inks.paper)).toBeGreaterThan(2);
    expect(contrast(shades(colour), shades(inks.paper))).toBeGreaterThan(3.5);
  }
});

test("every colour of a chart that isn't a series' has a dark one", async () => {
  const rows = ["a", "b"].flatMap((series) =>
    [0.1, 0.2].map((x) => ({ series, x, y: x, low: 0, high: 1, panel: "p" })),
  );
  const { spec } = lineChart({ id: "c", title: "t", about: "a", x: "x", y: "y", rows, level: 0.5 });
  const svg = await draw(spec);
  const used = new Set([...svg.matchAll(/(?:fill|stroke)="(#?\w+)"/g)].map(([, colour]) => colour!));
  const known = new Set<string>([...Object.values(inks), ...Object.values(palette), "none", "transparent"]);
  expect([...used].filter((colour) => !known.has(colour))).toEqual([]);
});

test("curves of a series have a band each", async () => {
  const rows = ["raw", "scaled"].flatMap((kind, i) =>
    [0.1, 0.2].map((x) => ({ series: "a", kind, x, y: i, low: i - 0.1, high: i + 0.1 })),
  );
  const { spec } = lineChart({ id: "c", title: "t", about: "a", x: "x", y: "y", rows });
  const areas = /class="mark-area.*?<\/g>/gs;
  const svg = await draw(spec);
  expect([...svg.matchAll(areas)].flatMap(([marks]) => marks.match(/<path/g) ?? [])).toHaveLength(2);
});
