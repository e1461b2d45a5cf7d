import { availableParallelism, cpus, type as systemType } from "node:os";
import { basename, dirname, join } from "node:path";
import { init, isRelaxedAvailable } from "@neft/kernels";
import { oneLine, type ResolvedOf, recorded, shortened } from "@neft/options";
import { type BenchmarkResult, benchmarkSettings, drawBenchmark, type PassTime } from "@neft/profile";
import { benchmark } from "../benchmark.js";
import { readModel } from "../read-model.js";
import type { BenchmarkFile } from "../results.js";
import { InterruptedError } from "./exit-codes.js";
import { allowRelaxedSimd } from "./fast.js";
import { watchInterrupt } from "./interrupt.js";
import type { benchRows } from "./options.js";
import { Outputs } from "./outputs.js";
import { duration, startProgress } from "./progress.js";
import { checkChips, jsonText, versions, warn } from "./run.js";
import { alignedTable, left, right } from "./table.js";
import { print } from "./terminal.js";

type Options = ResolvedOf<typeof benchRows>;

/** `neft bench MODEL`: prints times, rates and estimates as tables, and writes them with --json and --svg. */
export async function benchModel(file: string, options: Options): Promise<void> {
  const start = performance.now();
  checkChips(options);
  const nothing = "stopped before the end; no results were written";
  const interrupt = watchInterrupt(`neft bench: ${nothing}`);
  const outputs = new Outputs();
  await outputs.addInputs([file]);
  const json = options.json === undefined ? undefined : await outputs.open(options.json, "--json");
  const svg = options.svg === undefined ? undefined : await outputs.open(options.svg, "--svg");
  if (options.fast) allowRelaxedSimd();
  await init({ relaxed: options.fast });
  const { model, sha256, externalFiles } = await readModel(file);
  await outputs.addInputs(externalFiles.map((location) => join(dirname(file), location)));
  const { fast: _fast, json: _json, svg: _svg, ...settings } = options;

  interrupt.begin();
  let result: BenchmarkResult;
  let progress: ReturnType<typeof startProgress> | undefined;
  try {
    result = await benchmark(model, {
      ...settings,
      signal: interrupt.signal,
      onProgress: ({ measuring, done, total }) => {
        progress ??= startProgress("bench", total, "measurements");
        progress.update(done, measuring);
      },
    });
  } catch (error) {
    if (interrupt.signal.aborted) throw new InterruptedError(nothing);
    throw error;
  } finally {
    progress?.stop();
    interrupt.release();
  }

  warn(result.warnings);
  const machine = describeMachine();
  const heading = `${oneLine(file)} on ${oneLine(machine.cpu)}`;
  print(report(result, options, heading));
  const contents: BenchmarkFile = {
    kind: "benchmark",
    format: 1,
    model: { file, sha256 },
    machine,
    settings: settingsRecord(options),
    ...result,
    versions: versions(),
    run: { workers: options.workers as number, seconds: (performance.now() - start) / 1000 },
  };
  await outputs.write(
    new Map([
      ...(json ? [[json, jsonText(contents)] as const] : []),
      ...(svg ? [[svg, drawBenchmark(result, `${basename(file)} on ${machine.cpu}`)] as const] : []),
    ]),
  );
}

/** Processor and system, which times depend on. */
function describeMachine(): BenchmarkFile["machine"] {
  const cpu = cpus()[0]?.model.trim() || "an unknown processor";
  return { cpu, cores: availableParallelism(), system: `${systemType()} ${process.arch}` };
}

function settingsRecord(options: Options): BenchmarkFile["settings"] {
  const bitsPerCell = options.bitsPerCell ?? options.device.bitsPerCell;
  const plain = { ...recorded(benchmarkSettings, options), bitsPerCell };
  return JSON.parse(JSON.stringify(plain)) as BenchmarkFile["settings"];
}

const mostCharacters = 40;
const short = (value: number): string => Number(value.toPrecision(3)).toLocaleString("en-US");
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
const count = (n: number): string => n.toLocaleString("en-US");

/** Formats a benchmark as tables of layers, rates and estimates. */
export function report(result: BenchmarkResult, options: Options, heading: string): string {
  const { build: ran, roofline, batch, layers, programming, memory } = result;
  const pass = layers.some(({ backward }) => backward !== null) ? "A training step" : "A forward pass";
  const megabytes = (bytes: number): string => `${short(bytes / 1e6)} MB`;
  const peaks = Object.entries({ evaluation: memory.evaluation, ...memory.training });
  return [
    `${heading}, build ${ran}: ${short(roofline)} GFLOP/s a thread in registers (roofline)`,
    `${pass} of ${count(batch)} samples on one thread; the variation at σ ${Math.max(...options.sigma)}:`,
    layerTable(result),
    ...(layers.some(({ forward, backward }) => (forward.share ?? 0) > 1 || (backward?.share ?? 0) > 1)
      ? ["More than 100 %: operations are counted as for direct convolution; Winograd's algorithm needs fewer."]
      : []),
    `Rates; a chip reads ${count(result.evaluation[0]!.samples)} samples, n threads train on n shards of a batch:`,
    rateTable(result),
    `Drawing the weights of a chip takes ${programming.toFixed(2)} ms. Peak of a thread's tensors: ${peaks.map(([what, bytes]) => `${what} ${megabytes(bytes)}`).join(", ")}.`,
    `Predicted: ${studyWords(options)}:`,
    estimateTable(result),
    ...(ran === "simd128" ? [`--fast measures the other build, relaxed SIMD${relaxedWords()}.`] : []),
  ].join("\n\n");
}

const relaxedWords = (): string =>
  isRelaxedAvailable() || process.versions.node.startsWith("20.") ? "" : ", which this Node doesn't have";

function layerTable({ layers }: BenchmarkResult): string {
  const speed = ({ rate, share }: PassTime): string[] =>
    rate === null || share === null ? ["", ""] : [short(rate), percent(share)];
  const canTrain = layers.some(({ backward }) => backward !== null);
  const columns = [
    ...[left("layer"), left("operators"), left("output")],
    ...[right("forward ms"), right("GFLOP/s"), right("roofline")],
    ...(canTrain ? [right("backward ms"), right("GFLOP/s"), right("roofline")] : []),
    ...[right("variation adds ms"), right("%")],
  ];
  const added = (ms: number, of: number): string[] => [
    ms.toFixed(2),
    of > 0 ? `${((100 * ms) / of).toFixed(0)} %` : "",
  ];
  const rows = layers.map(({ name, op, fused, outputShape, forward, backward, variation }) => [
    oneLine(shortened(name, mostCharacters)),
    [op, ...fused].join("+"),
    outputShape.join("×"),
    ...[forward.ms.toFixed(2), ...speed(forward)],
    ...(backward ? [backward.ms.toFixed(2), ...speed(backward)] : []),
    ...(variation ? added(variation.forward + variation.backward, forward.ms + (backward?.ms ?? 0)) : ["", ""]),
  ]);
  const sum = (value: (layer: BenchmarkResult["layers"][number]) => number): number =>
    layers.reduce((total, layer) => total + value(layer), 0);
  const [forward, backward] = [sum((one) => one.forward.ms), sum((one) => one.backward?.ms ?? 0)];
  const variation = sum((one) => (one.variation?.forward ?? 0) + (one.variation?.backward ?? 0));
  const totals = [
    ...["all", "", "", forward.toFixed(2), "", ""],
    ...(canTrain ? [backward.toFixed(2), "", ""] : []),
    ...added(variation, forward + backward),
  ];
  return alignedTable(columns, [...rows, totals]);
}

/** A table with one row for each number of threads and one column for each strategy. */
function byThreads(
  first: string,
  own: readonly { readonly threads: number; readonly text: string }[],
  training: readonly { readonly strategy: string; readonly threads: number; readonly text: string }[],
  unit: string,
): string {
  const strategies = [...new Set(training.map(({ strategy }) => strategy))];
  const cell = (strategy: string, threads: number): string =>
    training.find((one) => one.strategy === strategy && one.threads === threads)?.text ?? "–";
  return alignedTable(
    [right("threads"), right(first), ...strategies.map((strategy) => right(`${strategy}${unit}`))],
    own.map(({ threads, text }) => [String(threads), text, ...strategies.map((strategy) => cell(strategy, threads))]),
  );
}

const rateTable = ({ evaluation, training }: BenchmarkResult): string =>
  byThreads(
    "chips/s",
    evaluation.map(({ threads, chipsPerSecond }) => ({ threads, text: short(chipsPerSecond) })),
    training.map(({ strategy, threads, stepsPerSecond }) => ({ strategy, threads, text: short(stepsPerSecond) })),
    " steps/s",
  );

const estimateTable = ({ estimates: { evaluation, finetuning } }: BenchmarkResult): string =>
  byThreads(
    "evaluation",
    evaluation.map(({ threads, seconds }) => ({ threads, text: duration(seconds) })),
    finetuning.map(({ strategy, threads, seconds }) => ({ strategy, threads, text: duration(seconds) })),
    "",
  );

/** The study that is predicted. */
function studyWords({ sigma, chips, samples, trainingSamples, batch, epochs }: Options): string {
  const chipWords = sigma.length === 1 ? `${count(chips)} chips` : `${sigma.length} σ of ${count(chips)} chips`;
  const epochWords = epochs === 1 ? "1 epoch" : `${count(epochs)} epochs`;
  return `evaluation of ${chipWords} on ${count(samples)} samples; finetuning for ${epochWords} of ${count(trainingSamples)} samples, batch ${count(batch)}, validation included (--shards n on n threads)`;
}
