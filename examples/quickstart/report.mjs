// Pictures of docs/report.md, from the results that demo.mjs has written. Needs Chromium: npm run browsers.
//   node examples/quickstart/report.mjs
// Writes docs/report/{accuracy,confidence}.svg and, of the page, {light,dark}.png.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createReport, renderReport } from "@neft/report";
import { chromium } from "playwright";
import sharp from "sharp";
import { loadChartDrawing } from "../../packages/neft/dist/command/chart-drawing.js";
import { engines } from "../../scripts/browser/suites.mjs";

const folder = fileURLToPath(new URL("../../docs/report/", import.meta.url));
const { settings, build, node, rows } = JSON.parse(
  readFileSync(new URL("results/results.json", import.meta.url), "utf8"),
);
const origin = {
  model: { file: "mnist-lenet5.onnx", sha256: "" },
  data: { name: "mnist:test", samples: settings.testImages },
  settings,
  versions: { neft: "", node },
  build,
  run: { workers: 1, seconds: 0 },
};
const sources = rows.map(({ name, digital, results }) => ({
  title: name,
  file: { kind: "evaluation", ...origin, digital, results },
}));
const report = createReport(sources, { title: "LeNet-5 on MNIST, finetuned in five ways" });
const { charts, html } = await renderReport(report, (await loadChartDrawing()).svg);
mkdirSync(folder, { recursive: true });
for (const { id, svg } of charts.filter((chart) => ["accuracy", "confidence"].includes(chart.id)))
  writeFileSync(join(folder, `${id}.svg`), svg);

const temporary = mkdtempSync(join(tmpdir(), "neft-report-"));
const file = join(temporary, "page.html");
writeFileSync(file, html);
const browser = await chromium.launch({ executablePath: engines.chromium.program, ...engines.chromium.launch });
for (const colorScheme of ["light", "dark"]) {
  const page = await browser.newPage({ viewport: { width: 820, height: 960 }, colorScheme });
  await page.goto(pathToFileURL(file).href);
  const bytes = await page.screenshot();
  await sharp(bytes)
    .png({ palette: true, colours: 128, effort: 10 })
    .toFile(join(folder, `${colorScheme}.png`));
}
await browser.close();
rmSync(temporary, { recursive: true });
