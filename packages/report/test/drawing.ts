import type { Renderer, Spec } from "@neft/report";
import { type LoggerInterface, parse, View } from "vega";
import { compile } from "vega-lite";

/** Draws as the command does. @throws {Error} for a spec that Vega or Vega-Lite warns of. */
export const draw: Renderer = async (spec) => {
  const { svg, warnings } = await drawAll(spec);
  if (warnings.length > 0) throw new Error(warnings.join("; "));
  return svg;
};

async function drawAll(spec: Spec): Promise<{ svg: string; warnings: string[] }> {
  const warnings: string[] = [];
  const note = (...words: readonly unknown[]): unknown => {
    warnings.push(words.join(" "));
    return logger;
  };
  const quiet = (): unknown => logger;
  const logger = { level: quiet, error: note, warn: note, info: quiet, debug: quiet } as unknown as LoggerInterface;
  const { spec: compiled } = compile(spec as unknown as Parameters<typeof compile>[0], { logger });
  const view = new View(parse(compiled), { renderer: "none", logger });
  const svg = await view.toSVG();
  view.finalize();
  return { svg, warnings };
}
