import { quantity, seriesChannels, style, titled, unique } from "@neft/report";
import { loadChartDrawing } from "../../packages/neft/dist/command/chart-drawing.js";

/**
 * A Vega-Lite specification of two charts: accuracy against σ, and the distribution over chips at the σ of finetuning.
 *
 * @param rows     one per network and σ: {network, sigma, mean, low, high, p5, worst}, accuracies in percent.
 * @param trained  the σ of finetuning.
 */
export function chartSpec(rows, trained, title) {
  const networks = unique(rows.map(({ network }) => network));
  // The names stand beside the right plot.
  const { color, shape } = seriesChannels(networks, 0, false);
  const x = {
    field: "sigma",
    type: "quantitative",
    title: "device σ",
    axis: { values: unique(rows.map(({ sigma }) => sigma)), labelExpr: "toString(datum.value)" },
    scale: { zero: false, padding: 12 },
  };
  const accuracy = (field) => quantity(field, "test accuracy (%)");
  const y = {
    field: "series",
    type: "nominal",
    sort: networks,
    title: null,
    axis: { labelLimit: 400, minExtent: 165, maxExtent: 165 },
  };
  const about = `Left: mean accuracy over the chips, with its 95 % interval. Right: the chips at σ = ${trained}, mean (filled), 5th percentile (tick) and worst (outline).`;
  return {
    ...style,
    title: titled(title, about, 820),
    spacing: 24,
    data: { values: rows.map(({ network, ...row }) => ({ series: network, ...row })) },
    hconcat: [
      {
        width: 340,
        height: 300,
        layer: [
          {
            mark: { type: "area", opacity: 0.15 },
            encoding: { x, y: accuracy("low"), y2: { field: "high" }, color },
          },
          { mark: { type: "line", strokeWidth: 2 }, encoding: { x, y: accuracy("mean"), color } },
          {
            mark: { type: "point", filled: true, size: 55, opacity: 1 },
            encoding: { x, y: accuracy("mean"), color, shape },
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
            encoding: { y, x: accuracy("worst"), x2: { field: "mean" }, color },
          },
          {
            mark: { type: "point", size: 50, filled: false },
            encoding: { y, x: accuracy("worst"), color, shape },
          },
          { mark: { type: "tick", thickness: 2.5, size: 14 }, encoding: { y, x: accuracy("p5"), color } },
          {
            mark: { type: "point", size: 90, filled: true, opacity: 1 },
            encoding: { y, x: accuracy("mean"), color, shape },
          },
        ],
      },
    ],
  };
}

/** Renders a chart to SVG text and to PNG bytes at twice its size. */
export async function drawChart(spec) {
  const { svg, png } = await loadChartDrawing({ needsPng: true });
  const drawn = await svg(spec);
  return { svg: drawn, png: await png(drawn) };
}
