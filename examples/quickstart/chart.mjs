import sharp from "sharp";
import { parse, View } from "vega";
import { compile } from "vega-lite";

/** Okabe and Ito's palette, which colour-blind readers can distinguish, too; grey is for the imported network. */
export const colours = ["#7f7f7f", "#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00"];

const percent = { type: "quantitative", scale: { zero: false, nice: true } };

/** What all charts share. */
export const style = {
  background: "white",
  padding: 16,
  config: {
    font: "DejaVu Sans, Helvetica, Arial, sans-serif",
    axis: {
      labelFontSize: 12,
      titleFontSize: 12,
      titlePadding: 8,
      gridColor: "#e6e6e6",
      domainColor: "#999",
      tickColor: "#999",
    },
    view: { stroke: null },
  },
};

/**
 * A Vega-Lite specification of two charts: accuracy against σ, and the distribution over chips at the σ of finetuning.
 *
 * @param rows     one per network and σ: {network, sigma, mean, low, high, p5, worst}, accuracies in percent.
 * @param trained  the σ of finetuning.
 */
export function chartSpec(rows, trained, title) {
  const networks = [...new Set(rows.map(({ network }) => network))];
  const sigmas = [...new Set(rows.map(({ sigma }) => sigma))];
  const colour = {
    field: "network",
    type: "nominal",
    sort: networks,
    title: null,
    scale: { domain: networks, range: colours },
  };
  const byNetwork = {
    field: "network",
    type: "nominal",
    sort: networks,
    title: null,
    axis: { labelLimit: 400, minExtent: 165, maxExtent: 165 },
  };
  const x = {
    field: "sigma",
    type: "quantitative",
    title: "device σ",
    axis: { values: sigmas, format: "~g", labelFlush: false },
    scale: { zero: false, padding: 12 },
  };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    title: {
      text: title,
      subtitle: [
        "Left: mean accuracy over the chips, with its 95 % interval.",
        `Right: the chips at σ = ${trained}, mean (dot), 5th percentile (tick) and worst (ring).`,
      ],
      anchor: "start",
      fontSize: 15,
      subtitleFontSize: 12,
      subtitlePadding: 6,
      offset: 16,
    },
    ...style,
    spacing: 24,
    data: { values: rows },
    hconcat: [
      {
        width: 340,
        height: 300,
        layer: [
          {
            mark: { type: "line", strokeWidth: 2, point: { size: 45, filled: true } },
            encoding: {
              x,
              y: { field: "mean", title: "test accuracy (%)", ...percent },
              color: { ...colour, legend: null },
            },
          },
          {
            mark: { type: "rule", strokeWidth: 2, opacity: 0.6 },
            encoding: { x, y: { field: "low", ...percent }, y2: { field: "high" }, color: { ...colour, legend: null } },
          },
        ],
      },
      {
        width: 340,
        height: 300,
        transform: [{ filter: `datum.sigma === ${trained}` }],
        layer: [
          {
            mark: { type: "rule", strokeWidth: 1.5, opacity: 0.5 },
            encoding: {
              y: byNetwork,
              x: { field: "worst", title: "test accuracy (%)", ...percent },
              x2: { field: "mean" },
              color: { ...colour, legend: null },
            },
          },
          {
            mark: { type: "point", size: 50, filled: false },
            encoding: { y: byNetwork, x: { field: "worst", ...percent }, color: { ...colour, legend: null } },
          },
          {
            mark: { type: "tick", thickness: 2.5, size: 14 },
            encoding: { y: byNetwork, x: { field: "p5", ...percent }, color: { ...colour, legend: null } },
          },
          {
            mark: { type: "point", size: 90, filled: true, opacity: 1 },
            encoding: { y: byNetwork, x: { field: "mean", ...percent }, color: { ...colour, legend: null } },
          },
        ],
      },
    ],
  };
}

/** Renders a chart to SVG text and to PNG bytes at twice its size. */
export async function drawChart(spec) {
  const view = new View(parse(compile(spec).spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return { svg, png: await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer() };
}
