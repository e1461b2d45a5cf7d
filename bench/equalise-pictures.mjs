// Pictures of docs/equalise.md: how the weights of LeNet-5 use their range, and accuracy against σ as recorded by equalise.mjs.
//   node bench/equalise-pictures.mjs
// Writes docs/equalise/{weights,accuracy}.{svg,png}.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { lineChart, palette, style, titled } from "@neft/report";
import { equalise, importOnnx, init, readDataset, take } from "neft";
import { drawChart } from "../examples/quickstart/chart.mjs";
import { budgets } from "../examples/quickstart/runs.mjs";
import { keyOf, readCells } from "./harness/cells.mjs";
import { devices, methods, networks } from "./harness/equalise-table.mjs";

const folder = new URL("../docs/equalise/", import.meta.url);
const bins = 25;

/** Every panel has its own axes. */
const resolve = { axis: { x: "independent" }, scale: { y: "independent" } };

/** Colours of series by name, in this order. */
const colourOf = (series) => ({
  field: "series",
  type: "nominal",
  sort: Object.keys(series),
  title: null,
  scale: { domain: Object.keys(series), range: Object.values(series) },
  legend: {
    orient: "top",
    labelFontSize: 12,
    labelLimit: 300,
    symbolType: "square",
    symbolOpacity: 1,
    columnPadding: 16,
  },
});

/** Shares of a layer's weights by |w|/S, S being the largest |w|, and their root mean square. */
function sharesOf(values) {
  const full = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const counts = new Array(bins).fill(0);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((Math.abs(value) / full) * bins))]++;
  const rms = Math.sqrt(values.reduce((sum, value) => sum + (value / full) ** 2, 0) / values.length);
  return { shares: counts.map((count) => (100 * count) / values.length), rms };
}

/** Rows of the histograms of LeNet-5's layers, before and after. */
async function weightRows(series) {
  const { id, sigma } = networks[0];
  const model = importOnnx(new Uint8Array(readFileSync(new URL(`../examples/models/${id}.onnx`, import.meta.url))));
  const data = take(await readDataset("mnist:train"), budgets.full.trainImages);
  const read = (layers) => layers.map(({ parameter }) => model.parameters.get(parameter).floats());
  const { layers } = await equalise(model, { dryRun: true });
  const before = read(layers);
  await equalise(model, { data, device: "rram1", sigma, seed: 1 });
  const after = read(layers);
  model.dispose();
  return layers.flatMap(({ parameter }, i) =>
    [before[i], after[i]].flatMap((values, k) => {
      const { shares, rms } = sharesOf(values);
      const layer = parameter.replace(/\.weight$/, "");
      // A step ends where the next begins.
      return [...shares, shares.at(-1)].map((share, bin) => ({
        layer,
        series: Object.keys(series)[k],
        position: bin / bins,
        share,
        rms,
      }));
    }),
  );
}

async function weightsSpec() {
  const series = { "as imported": palette.grey, "rescaled, unlabelled samples": palette.blue };
  const values = await weightRows(series);
  const color = colourOf(series);
  const x = {
    field: "position",
    type: "quantitative",
    title: "|w| / S",
    axis: { values: [0, 0.5, 1], format: "~g", labelFlush: false },
    scale: { domain: [0, 1] },
  };
  return {
    ...style,
    title: titled(
      "LeNet-5: the weights of each layer by size, S = max|W|",
      "Variation is proportional to S. Dashed: root mean square of w/S; noise relative to a layer's output goes with its inverse.",
      900,
    ),
    data: { values },
    facet: { field: "layer", type: "nominal", sort: null, title: null, header: { labelFontSize: 13 } },
    columns: 5,
    bounds: "flush",
    spacing: 68,
    spec: {
      width: 165,
      height: 170,
      layer: [
        {
          mark: { type: "area", interpolate: "step-after", opacity: 0.35, line: { strokeWidth: 1.5 } },
          encoding: {
            x,
            y: { field: "share", type: "quantitative", title: "share of the weights (%)", stack: null },
            color,
          },
        },
        {
          mark: { type: "rule", strokeDash: [4, 3], strokeWidth: 1.5 },
          encoding: { x: { field: "rms", aggregate: "mean", type: "quantitative" }, color },
        },
      ],
    },
    resolve,
  };
}

function accuracySpec() {
  const shown = ["imported", "balanced", "ovf", "optimised"];
  const nameOf = (id) => (id === "ovf" ? "one epoch of OVF, with labels" : methods.find((one) => one.id === id).name);
  const cells = readCells(new URL("results/equalise.json", import.meta.url));
  const rows = devices.flatMap((device) =>
    networks.flatMap(({ id: network, name }) => {
      const own = shown.flatMap((method) => cells.get(keyOf({ network, device, method })) ?? []);
      // Fewer than two curves beside the imported network's compare nothing.
      if (own[0]?.method !== "imported" || own.length < 3) return [];
      return own.flatMap(({ method, digital, results }) => {
        const place = { panel: `${name}, ${device}`, series: nameOf(method) };
        const points = results.map(({ sigma, mean, ci95: [low, high] }) => ({ x: sigma, y: mean, low, high }));
        return [{ x: 0, y: digital, low: digital, high: digital }, ...points].map((point) => ({ ...place, ...point }));
      });
    }),
  );
  if (rows.length === 0)
    throw new Error("results/equalise.json: expected at least three curves of a network, got fewer");
  return lineChart({
    id: "accuracy",
    title: "Accuracy against device variation",
    about: "Mean over 100 chips with its 95 % interval (band), all test images; σ 0 is the digital network.",
    x: "device σ",
    y: "test accuracy (%)",
    rows,
    ownAxes: true,
  }).spec;
}

await init();
mkdirSync(folder, { recursive: true });
for (const [name, spec] of Object.entries({ weights: await weightsSpec(), accuracy: accuracySpec() })) {
  const { svg, png } = await drawChart(spec);
  writeFileSync(new URL(`${name}.svg`, folder), svg);
  writeFileSync(new URL(`${name}.png`, folder), png);
}
