import { basename } from "node:path";
import { inWords, type ResolvedOf } from "@neft/options";
import {
  createReport,
  type RenderedReport,
  type ReportedFile,
  renderReport,
  type Source,
  tableForms,
} from "@neft/report";
import { readBytes } from "../read-dataset.js";
import { parseResults } from "../results.js";
import { messageOf } from "../system-errors.js";
import { type ChartDrawing, loadChartDrawing } from "./chart-drawing.js";
import { UsageError } from "./exit-codes.js";
import type { reportRows } from "./options.js";
import { type Output, Outputs } from "./outputs.js";
import { jsonText } from "./run.js";
import { print, printMessage } from "./terminal.js";

type Options = ResolvedOf<typeof reportRows>;

/** `neft report RESULTS…`: writes a page with charts and tables of result files, and with --charts each of them as files. */
export async function reportResults(files: readonly string[], options: Options): Promise<void> {
  const outputs = new Outputs();
  await outputs.addInputs(files);
  const out = await outputs.open(options.out, "--out");
  const names = namesOf(files, options);
  const drawing = await loadChartDrawing({ needsPng: options.charts !== undefined });
  const sources: Source[] = [];
  for (const [i, file] of files.entries()) sources.push({ title: names[i]!, file: await readResults(file) });
  const rendered = await renderReport(createReport(sources, options), drawing.svg);
  const beside = options.charts === undefined ? [] : await chartFiles(rendered, drawing, options.charts, outputs);
  await outputs.write(new Map<Output, string | Uint8Array>([...beside, [out, rendered.html]]));
  const charts = `${rendered.charts.length} ${rendered.charts.length === 1 ? "chart" : "charts"}`;
  print(
    [
      `${inWords(options.out)}: ${charts}, ${rendered.tables.length} tables`,
      ...(beside.length > 0 ? [`${inWords(options.charts)}: ${beside.length} files`] : []),
    ].join("\n"),
  );
}

/** @throws {UsageError} if there aren't as many names as files. */
function namesOf(files: readonly string[], { names }: Options): readonly string[] {
  if (names !== undefined && names.length !== files.length)
    throw new UsageError(`--names: expected as many names as result files (${files.length}), got ${names.length}`);
  return names ?? files.map((file) => basename(file).replace(/\.json$/i, ""));
}

/** Reads a result file that reports show. */
async function readResults(path: string): Promise<ReportedFile> {
  const bytes = await readBytes(path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Error(`${inWords(path)}: expected a file of results (JSON), got bytes that aren't text`, { cause });
  }
  try {
    const file = parseResults(text);
    if (file.kind !== "benchmark") return file;
  } catch (cause) {
    throw new Error(`${inWords(path)}: ${messageOf(cause).replace(/^parseResults: /, "")}`, { cause });
  }
  throw new Error(
    `${inWords(path)}: expected results of neft evaluate, finetune, equalise, compare or sweep, got a benchmark; neft bench --svg draws it`,
  );
}

/** Contents of the files beside the page, by their outputs. */
async function chartFiles(
  { charts, tables }: RenderedReport,
  { png }: ChartDrawing,
  folder: string,
  outputs: Outputs,
): Promise<(readonly [Output, string | Uint8Array])[]> {
  if (png === undefined) printMessage("no PNG: expected the package sharp, got none; run: npm install sharp");
  const contents = new Map<string, string | Uint8Array>();
  for (const { id, spec, svg, plainSvg } of charts) {
    contents.set(`${id}.svg`, svg);
    contents.set(`${id}.vl.json`, jsonText(spec));
    if (png) contents.set(`${id}.png`, await png(plainSvg));
  }
  for (const table of tables)
    for (const [suffix, { write }] of Object.entries(tableForms)) contents.set(`${table.id}.${suffix}`, write(table));
  const opened = await outputs.openIn(folder, [...contents.keys()], "--charts");
  return [...contents.values()].map((bytes, i) => [opened[i]!, bytes] as const);
}
