import { dirname, join } from "node:path";
import { timeInWords } from "@neft/crossbar";
import type { Dataset } from "@neft/data";
import type {
  Deviation,
  DeviationResult,
  DeviationStatistics,
  EvaluationResult,
  SigmaDeviation,
  SigmaResult,
} from "@neft/evaluation";
import { build, init } from "@neft/kernels";
import { oneLine, type ResolvedOf } from "@neft/options";
import { evaluate } from "../evaluate.js";
import { filesOf } from "../read-dataset.js";
import { readModel } from "../read-model.js";
import { evaluationRows } from "../recorded-settings.js";
import type { DeviationFile, EvaluationFile, Provenance } from "../results.js";
import { settingsRecord } from "../settings-record.js";
import { InterruptedError, UsageError } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import { layerTable } from "./layer-table.js";
import { metricTable } from "./metric-columns.js";
import type { evaluateRows } from "./options.js";
import { type Output, Outputs } from "./outputs.js";
import { openPage } from "./page-output.js";
import { predictionsFile } from "./predictions-file.js";
import { startProgress } from "./progress.js";
import { checkChips, dataRecord, jsonText, loadData, loadDataset, versions, warn, workersOfRun } from "./run.js";
import { alignedTable, right } from "./table.js";
import { print } from "./terminal.js";

/**
 * `neft evaluate MODEL`: prints results on Monte Carlo chips as a table, and writes them as JSON with --json, as a page with --report.
 * @param chipFiles  Files that the chip was read from.
 */
export async function evaluateModel(
  file: string,
  options: ResolvedOf<typeof evaluateRows>,
  chipFiles: readonly string[] = [],
): Promise<void> {
  const start = performance.now();
  checkChips(options);
  const nothing = "stopped before the end; no results were written";
  const interrupt = watchInterrupt(`neft evaluate: ${nothing}`);
  const outputs = new Outputs();
  const temperatureFiles = options.temperatureData === undefined ? [] : filesOf(options.temperatureData);
  await outputs.addInputs([file, ...chipFiles, ...filesOf(options.data), ...temperatureFiles]);
  checkLabelledOutputs(options);
  const json = options.json === undefined ? undefined : await outputs.open(options.json, "--json");
  const page = await openPage(outputs, options.report);
  const predictions =
    options.predictions === undefined ? undefined : await outputs.open(options.predictions, "--predictions");
  if (options.fast) allowRelaxedSimd();
  await init({ relaxed: options.fast });
  const { model, sha256, externalFiles } = await readModel(file);
  await outputs.addInputs(externalFiles.map((location) => join(dirname(file), location)));
  const data = await loadData(options, "test");
  const temperatureData = options.temperatureData && (await loadDataset(options.temperatureData, "temperature data"));
  const {
    data: _spec,
    limit: _limit,
    fast: _fast,
    json: _json,
    report: _report,
    predictions: _predictions,
    temperatureData: _temperatureSpec,
    workers,
    ...settings
  } = options;
  const { device, sigma, time, chips, temperatureChips, seed } = settings;

  interrupt.begin();
  const pool = workersOfRun(workers);
  const digitalChips = settings.reference === undefined ? 1 : 0;
  const perSigma = chips + (temperatureData ? temperatureChips : 0);
  const progress = startProgress("evaluate", digitalChips + sigma.length * (time?.length ?? 1) * perSigma, "chips");
  let result: EvaluationResult | DeviationResult;
  try {
    result = await evaluate(model, data, {
      ...settings,
      temperatureData,
      keepScores: predictions !== undefined,
      workers: pool,
      signal: interrupt.signal,
      onProgress: ({ done, digital, fitting, sigma: at, time_s }) => {
        const where = `σ ${at}${time_s === undefined ? "" : `, ${timeInWords(time_s)}`}`;
        progress.update(done, digital ? "digital" : fitting ? `temperature, ${where}` : where);
      },
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
  const record = dataRecord(data, options);
  const heading = `${record.samples} samples of ${oneLine(record.name)}, device ${device.id}, seed ${seed}${settings.compare ? `, ${settings.compare}` : ""}`;
  print("reference" in result ? deviationReport(result, heading) : report(result, heading));
  const layers = layerReport(result.results);
  if (layers !== undefined) print(`\n${layers}`);
  if (!("reference" in result) && wantsMetrics(options)) print(`\n${metricReport(result)}`);
  const files = new Map<Output, string | Uint8Array>();
  if (predictions) files.set(predictions, predictionsFile(result as EvaluationResult, (data as Dataset).labels));
  if (json || page) {
    const origin: FileOrigin = {
      format: 1,
      model: { file, sha256 },
      data: record,
      ...(options.temperatureData &&
        temperatureData && { temperatureData: dataRecord(temperatureData, { data: options.temperatureData }) }),
      settings: settingsRecord(evaluationRows, model, data, settings),
      versions: versions(),
      build: build(),
      run: { workers: pool.size, seconds: (performance.now() - start) / 1000 },
    };
    const contents = fileOf(result, origin);
    if (json) files.set(json, jsonText(contents));
    if (page) files.set(page.output, await page.contents(file, contents));
  }
  await outputs.write(files);
}

type FileOrigin = Provenance & Pick<EvaluationFile, "settings" | "temperatureData">;

/** The JSON file of a result. Class scores are in the file of predictions. */
function fileOf(
  { warnings, ...result }: EvaluationResult | DeviationResult,
  origin: FileOrigin,
): EvaluationFile | DeviationFile {
  const rest = { ...origin, warnings: [...warnings] };
  if ("reference" in result) return { kind: "deviation", results: result.results, ...rest };
  const { scores: _digital, ...digital } = result.digital;
  const results = result.results.map(({ scores: _scores, ...one }) => one);
  return { kind: "evaluation", digital, results, ...rest };
}

type MetricOptions = Pick<
  ResolvedOf<typeof evaluateRows>,
  "reference" | "data" | "temperatureData" | "predictions" | "metrics" | "yieldAccuracy"
>;

/**
 * Checks options of results against labels, before any file is read.
 * @throws {UsageError} for one with the reference clean, or a temperature of the test set.
 */
function checkLabelledOutputs({ reference, data, ...options }: MetricOptions): void {
  const { temperatureData, predictions } = options;
  const given = [
    ["--temperature-data", temperatureData],
    ["--predictions", predictions],
  ].find(([, value]) => value !== undefined);
  if (reference === "clean" && given)
    throw new UsageError(`${given[0]}: expected none with --reference clean, got one`);
  if (temperatureData !== undefined && JSON.stringify(temperatureData) === JSON.stringify(data)) {
    throw new UsageError("--temperature-data: expected other samples than those of --data, got the same");
  }
}

/** Whether an option asks for more than the first table. */
const wantsMetrics = ({ metrics, yieldAccuracy, temperatureData }: MetricOptions): boolean =>
  [metrics, yieldAccuracy, temperatureData].some((one) => one !== undefined);

/** Formats the metrics of a result. */
const metricReport = ({ results }: EvaluationResult): string =>
  metricTable(results, ["σ", ...timeTitle(results)], ({ sigma, time_s }) => [String(sigma), ...timeCell(time_s)]);

/**
 * Formats deviations from the clean network: a heading, a table with a row for each σ and, of networks with several outputs, for each
 * output, and a line for each σ whose precision was not reached. Agreement is in percent.
 * @param heading  samples, device and seed.
 */
export function deviationReport({ results }: DeviationResult, heading: string): string {
  const number = (value: number | null | undefined): string => (value == null ? "–" : value.toFixed(4));
  const percent = (value: number | null | undefined): string => (value == null ? "–" : value.toFixed(2));
  const interval = ({ ci95 }: DeviationStatistics): string =>
    ci95 === null ? "–" : `${number(ci95[0])} – ${number(ci95[1])}`;
  const hasSeveral = results.some(({ outputs }) => outputs.length > 1);
  const titles = [
    "σ",
    ...timeTitle(results),
    "chips",
    ...(hasSeveral ? ["output"] : []),
    "relative error",
    "std",
    "95 % of the mean",
    "95th pct",
    "worst",
    "cosine",
    "agreement %",
  ];
  const row = (
    { sigma, time_s, chips }: SigmaDeviation,
    name: string,
    { relativeError, cosine, agreement }: Deviation,
  ) => [
    String(sigma),
    ...timeCell(time_s),
    String(chips),
    ...(hasSeveral ? [oneLine(name)] : []),
    number(relativeError.mean),
    number(relativeError.std),
    interval(relativeError),
    number(relativeError.p95),
    number(relativeError.worst),
    number(cosine.mean),
    percent(agreement?.mean),
  ];
  const rows = results.flatMap((one) => [
    row(one, "all", one),
    ...(hasSeveral ? one.outputs.map((output) => row(one, output.name, output)) : []),
  ]);
  const missed = results.flatMap(({ relativeError, ...one }) =>
    missedPrecision({ ...one, ci95: relativeError.ci95, unit: "" }),
  );
  return [heading, alignedTable(titles.map(right), rows), missed.join("\n")].filter((part) => part !== "").join("\n\n");
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
    ...timeTitle(results),
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
    ({ sigma, time_s, chips, accuracy: { mean, std, ci95, p5, worst }, confidence, mutualInformation }) => [
      String(sigma),
      ...timeCell(time_s),
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
    ...timeTitle(results).map(() => ""),
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
  const missed = results
    .flatMap(({ accuracy, ...one }) => missedPrecision({ ...one, ci95: accuracy.ci95, unit: " points" }))
    .join("\n");
  return [heading, table, missed].filter((part) => part !== "").join("\n\n");
}

type Timed = Pick<SigmaResult, "time_s">;

/** The column of ages, if ages were given. */
const timeTitle = (results: readonly Timed[]): string[] =>
  results.some(({ time_s }) => time_s !== undefined) ? ["time"] : [];
const timeCell = (time_s: number | undefined): string[] => (time_s === undefined ? [] : [timeInWords(time_s)]);

/** What the layers take on the chips of the first result; undefined where chips have neither cells nor converters. */
function layerReport(
  results: readonly (Timed & Pick<SigmaResult, "sigma" | "chips" | "layers">)[],
): string | undefined {
  const [first] = results;
  if (first?.layers === undefined) return undefined;
  const { sigma, time_s, chips, layers } = first;
  const at = `σ ${sigma}${time_s === undefined ? "" : ` and ${timeInWords(time_s)}`}`;
  const others = results.length > 1 ? "; --json has those of all rows" : "";
  return `A chip's layers at ${at}, mean of ${chips}; conversions are of one inference${others}:\n\n${layerTable(layers)}`;
}

/** Rounds a value above a limit to so few digits that it still exceeds the limit. */
const roundAbove = (value: number, limit: number): number =>
  [3, 6].map((digits) => Number(value.toPrecision(digits))).find((rounded) => rounded > limit) ?? value;

/** The line about a precision that wasn't reached with all chips; empty if it was reached or not requested. */
function missedPrecision({
  sigma,
  time_s,
  chips,
  ci95,
  stopping,
  unit,
}: Pick<SigmaResult, "sigma" | "time_s" | "chips" | "stopping"> & {
  readonly ci95: readonly [number, number] | null;
  readonly unit: string;
}): string[] {
  if (stopping === undefined || stopping.reached) return [];
  const got =
    ci95 === null
      ? "no interval from 1 chip"
      : `± ${roundAbove((ci95[1] - ci95[0]) / 2, stopping.precision)} from all ${chips} chips`;
  const at = time_s === undefined ? "" : `, ${timeInWords(time_s)}`;
  return [`σ ${sigma}${at}: expected ± ${stopping.precision}${unit} (--precision), got ${got}; raise --chips`];
}
