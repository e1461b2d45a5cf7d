import { has, kind, kinds, oneLine, shortened } from "@neft/options";
import type { BenchmarkResult } from "./benchmark.js";
import type { LayerTimes } from "./layers.js";
import { element, text } from "./svg.js";

/** The parts of a layer's bar, in order. Colours are Okabe and Ito's, which colour-blind readers can distinguish. */
const parts: readonly { readonly id: string; readonly name: string; readonly ms: (layer: LayerTimes) => number }[] = [
  { id: "forward", name: "forward", ms: ({ forward }) => forward.ms },
  { id: "backward", name: "backward", ms: ({ backward }) => backward?.ms ?? 0 },
  {
    id: "variation",
    name: "added by the variation",
    ms: ({ variation }) => Math.max(0, (variation?.forward ?? 0) + (variation?.backward ?? 0)),
  },
];

const style = `
svg { background: #fff; font: 12px "DejaVu Sans", Helvetica, Arial, sans-serif; }
text { fill: #222; } .title { font-size: 15px; font-weight: bold; } .quiet { fill: #666; }
.grid { stroke: #e3e3e3; } .forward { fill: #0072b2; } .backward { fill: #e69f00; } .variation { fill: #cc79a7; }
@media (prefers-color-scheme: dark) {
svg { background: #16181c; } text { fill: #e6e6e6; } .quiet { fill: #9aa0a6; } .grid { stroke: #33373d; }
.forward { fill: #56b4e9; }
}`;

const width = 860;
const margin = 20;
const barsAt = 230;
const barsEnd = 640;
const msEnd = 710;
const rowHeight = 22;
const barHeight = 14;
const lineHeight = 18;
const mostCharacters = 30;

/** Numbers as in a table: three significant digits. */
const short = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (share: number): string => `${Math.round(100 * share)} %`;

const isResult = kind("a result of benchmark", (value) => has(value, "layers", "evaluation", "training", "memory"));

/**
 * Draws a benchmark as SVG: a bar for the milliseconds of each layer in a training step, and lines with rates and estimates.
 *
 * @param title  For example the model's file; control characters are escaped.
 * @throws {RangeError} if `result` isn't one of `benchmark`, or the title isn't text.
 */
export function drawBenchmark(result: BenchmarkResult, title: string): string {
  isResult(result, "drawBenchmark: result");
  kinds.name(title, "drawBenchmark: title");
  const { layers, batch, roofline, build } = result;
  const totals = layers.map((layer) => parts.reduce((sum, { ms }) => sum + ms(layer), 0));
  const scale = axisOf(Math.max(...totals));
  const xOf = (ms: number): number => barsAt + ((barsEnd - barsAt) * ms) / scale.end;
  const top = 112;
  const bottom = top + rowHeight * layers.length;
  const lines = footer(result);
  const height = bottom + 44 + lineHeight * lines.length + (lines.length > 0 ? 8 : 0);
  const what = layers.some(({ backward }) => backward !== null) ? "a training step" : "a forward pass";
  const head = [
    text(margin, 32, shortened(oneLine(title), 90), { class: "title" }),
    text(margin, 53, `Milliseconds of each layer in ${what} of ${batch} samples on one thread.`, { class: "quiet" }),
    text(
      margin,
      71,
      `Build ${build}; roofline of multiply-adds: ${short(roofline)} GFLOP/s. Shares of it are of the forward and the backward pass.`,
      { class: "quiet" },
    ),
    text(msEnd, top - 10, "ms", { class: "quiet", "text-anchor": "end" }),
    text(width - margin, top - 10, "of the roofline", { class: "quiet", "text-anchor": "end" }),
    ...legend(),
  ];
  const grid = scale.ticks.flatMap((ms) => [
    element("line", { x1: xOf(ms), x2: xOf(ms), y1: top - 4, y2: bottom, class: "grid" }),
    text(xOf(ms), bottom + 16, short(ms), { class: "quiet", "text-anchor": "middle" }),
  ]);
  const rows = layers.flatMap((layer, i) => barOf(layer, totals[i]!, top + rowHeight * i, xOf));
  const notes = lines.map((line, i) => text(margin, bottom + 48 + lineHeight * i, line));
  const contents = [element("style", {}, [style]), ...head, ...grid, ...rows, ...notes];
  return `${element("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height }, contents)}\n`;
}

function legend(): string[] {
  let x = barsAt;
  return parts.flatMap(({ id, name }) => {
    const at = x;
    x += 30 + 7 * name.length;
    return [
      element("rect", { x: at, y: 92, width: 11, height: 11, class: id }),
      text(at + 16, 102, name, { class: "quiet" }),
    ];
  });
}

/** Name, bar and numbers of one layer. */
function barOf(layer: LayerTimes, total: number, y: number, xOf: (ms: number) => number): string[] {
  const baseline = y + rowHeight / 2 + 4;
  let from = 0;
  const bars = parts.map(({ id, ms }) => {
    const [start, end] = [xOf(from), xOf(from + ms(layer))];
    from += ms(layer);
    return element("rect", {
      x: start,
      y: y + (rowHeight - barHeight) / 2,
      width: end - start,
      height: barHeight,
      class: id,
    });
  });
  const shares = [layer.forward.share, layer.backward?.share ?? null].filter((share) => share !== null);
  return [
    text(barsAt - 8, baseline, shortened(oneLine(layer.name), mostCharacters), { "text-anchor": "end" }),
    ...bars,
    text(msEnd, baseline, total.toFixed(2), { "text-anchor": "end" }),
    text(width - margin, baseline, shares.map(percent).join(" · "), { class: "quiet", "text-anchor": "end" }),
  ];
}

/** Lines below the bars. */
function footer({ evaluation, training, memory }: BenchmarkResult): string[] {
  const chips = evaluation.map(({ threads, chipsPerSecond }) => `${short(chipsPerSecond)} (${threadWords(threads)})`);
  const strategies = [...new Set(training.map(({ strategy }) => strategy))];
  const megabytes = (bytes: number): string => `${short(bytes / 1e6)} MB`;
  return [
    `evaluation: ${chips.join(", ")} chips/s of ${evaluation[0]?.samples} samples; ${megabytes(memory.evaluation)}`,
    ...strategies.map((one) => {
      const rates = training.filter(({ strategy }) => strategy === one);
      const words = rates.map(({ threads, stepsPerSecond }) => `${short(stepsPerSecond)} (${threadWords(threads)})`);
      return `${one}: ${words.join(", ")} steps/s; ${megabytes(memory.training[one] ?? 0)}`;
    }),
  ];
}

const threadWords = (threads: number): string => `${threads} ${threads === 1 ? "thread" : "threads"}`;

/** An axis from 0 to at least `most`, with 4 to 10 round ticks. */
function axisOf(most: number): { readonly end: number; readonly ticks: readonly number[] } {
  const largest = most > 0 ? most : 1;
  let unit = 1;
  while (unit * 10 <= largest) unit *= 10;
  while (unit > largest) unit /= 10;
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * unit).find((one) => largest / one <= 8)!;
  const count = Math.ceil(largest / step);
  return { end: count * step, ticks: Array.from({ length: count + 1 }, (_, i) => i * step) };
}
