import { basename } from "node:path";
import { createReport, type ReportedFile, renderReport } from "@neft/report";
import { type ChartDrawing, loadChartDrawing } from "./chart-drawing.js";
import type { Output, Outputs } from "./outputs.js";

/** The page that `--report` of a command asks for. */
export interface PageOutput {
  readonly output: Output;
  /** The page of the command's result on the model of a file. */
  contents(model: string, result: ReportedFile): Promise<string>;
}

/**
 * Registers the page and loads what draws it, before the work begins.
 * @param path  undefined if no page is asked for.
 * @throws {Error} if a library isn't installed, and as `Outputs.open`.
 */
export async function openPage(outputs: Outputs, path: string | undefined): Promise<PageOutput | undefined> {
  if (path === undefined) return undefined;
  const output = await outputs.open(path, "--report");
  const drawing: ChartDrawing = await loadChartDrawing();
  return {
    output,
    contents: async (model, file) => {
      const report = createReport([{ title: basename(model), file }]);
      return (await renderReport(report, drawing.svg)).html;
    },
  };
}
