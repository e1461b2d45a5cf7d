import { dirname, join } from "node:path";
import type { EvaluationResult, SigmaResult } from "@neft/evaluation";
import { build, init } from "@neft/kernels";
import { oneLine, type ResolvedOf } from "@neft/options";
import { evaluate } from "../evaluate.js";
import { filesOf } from "../read-dataset.js";
import { readModel } from "../read-model.js";
import { evaluationRows } from "../recorded-settings.js";
import type { EvaluationFile } from "../results.js";
import { InterruptedError } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import type { evaluateRows } from "./options.js";
import { Outputs } from "./outputs.js";
import { startProgress } from "./progress.js";
import { checkChips, dataRecord, jsonText, loadData, settingsRecord, versions, warn, workersOfRun } from "./run.js";
import { alignedTable, right } from "./table.js";
import { print } from "./terminal.js";

/** `neft evaluate MODEL`: prints the accuracy on Monte Carlo chips as a table, and writes it as JSON with --json. */
export async function evaluateModel(file: string, options: ResolvedOf<typeof evaluateRows>): Promise<void> {
  const start = performance.now();
  checkChips(options);
  const nothing = "stopped before the end; no results were written";
  const interrupt = watchInterrupt(`neft evaluate: ${nothing}`);
  const outputs = new Outputs();
  await outputs.addInputs([file, ...filesOf(options.data)]);
  const json = options.json === undefined ? undefined : await outputs.open(options.json, "--json");
  if (options.fast) allowRelaxedSimd();
  await init({ relaxed: options.fast });
  const { model, sha256, externalFiles } = await readModel(file);
  await outputs.addInputs(externalFiles.map((location) => join(dirname(file), location)));
  const data = await loadData(options, "test");
  const { data: _spec, limit: _limit, fast: _fast, json: _json, workers, ...settings } = options;
  const { device, sigma, chips, seed } = settings;

  interrupt.begin();
  const pool = workersOfRun(workers);
  const progress = startProgress("evaluate", 1 + sigma.length * chips, "chips");
  let result: EvaluationResult;
  try {
    result = await evaluate(model, data, {
      ...settings,
      workers: pool,
      signal: interrupt.signal,
      onProgress: ({ done, digital, sigma: at }) => progress.update(done, digital ? "digital" : `σ ${at}`),
    });
  } catch (error) {
    if (interrupt.signal.aborted) throw new InterruptedError(nothing);
    throw error;
  } finally {
    progress.stop();
    interrupt.release();
    await pool.close();
  }

  warn(result.warnings);
  print(report(result, `${data.count} samples of ${oneLine(data.name)}, device ${device.id}, seed ${seed}`));
  if (json) {
    const contents: EvaluationFile = {
      kind: "evaluation",
      format: 1,
      model: { file, sha256 },
      data: dataRecord(data),
      settings: settingsRecord(evaluationRows, model, data, settings),
      digital: result.digital,
      results: result.results,
      warnings: [...result.warnings],
      versions: versions(),
      build: build(),
      run: { workers: pool.size, seconds: (performance.now() - start) / 1000 },
    };
    await outputs.write(new Map([[json, jsonText(contents)]]));
  }
}

/**
 * Formats a result: a heading, the table (accuracies in percent), and a line for each σ whose precision was not reached.
 * @param heading  samples, device and seed.
 */
export function report({ digital, results }: Omit<EvaluationResult, "warnings">, heading: string): string {
  const percent = (value: number | null | undefined): string => (value == null ? "–" : value.toFixed(2));
  const share = (value: number | null): string => (value === null ? "–" : value.toFixed(4));
  const titles = [
    "σ",
    "chips",
    "mean %",
    "std",
    "95 % of the mean",
    "5th pct",
    "worst",
    "conf. right",
    "conf. wrong",
    "MI (nats)",
  ];
  const rows = results.map(
    ({ sigma, chips, accuracy: { mean, std, ci95, p5, worst }, confidence, mutualInformation }) => [
      String(sigma),
      String(chips),
      percent(mean),
      percent(std),
      ci95 === null ? "–" : `${percent(ci95[0])} – ${percent(ci95[1])}`,
      percent(p5),
      percent(worst),
      share(confidence.right),
      share(confidence.wrong),
      mutualInformation.toFixed(4),
    ],
  );
  const clean = [
    "digital",
    "",
    percent(digital.accuracy),
    "",
    "",
    "",
    "",
    share(digital.confidence.right),
    share(digital.confidence.wrong),
    "",
  ];
  const table = alignedTable(titles.map(right), [clean, ...rows]);
  const missed = results.flatMap(missedPrecision).join("\n");
  return [heading, table, missed].filter((part) => part !== "").join("\n\n");
}

/** Rounds a value above a limit to so few digits that it still exceeds the limit. */
const roundAbove = (value: number, limit: number): number =>
  [3, 6].map((digits) => Number(value.toPrecision(digits))).find((rounded) => rounded > limit) ?? value;

/** The line about a precision that wasn't reached with all chips; empty if it was reached or not requested. */
function missedPrecision({ sigma, chips, accuracy: { ci95 }, stopping }: SigmaResult): string[] {
  if (stopping === undefined || stopping.reached) return [];
  const got =
    ci95 === null
      ? "no interval from 1 chip"
      : `± ${roundAbove((ci95[1] - ci95[0]) / 2, stopping.precision)} from all ${chips} chips`;
  return [`σ ${sigma}: expected ± ${stopping.precision} points (--precision), got ${got}; raise --chips`];
}
