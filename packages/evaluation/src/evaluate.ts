import { chipsOf, digitalChip, placementOf, withChip } from "@neft/crossbar";
import { imageWarnings, snapshot } from "@neft/data";
import { holdModel, warningsOf } from "@neft/model";
import { resolve } from "@neft/options";
import { type Executor, type Workers, withExecutor } from "@neft/work";
import { type ChipOfRun, type CountedOfJob, chipJobs } from "./chip-jobs.js";
import { rangesFor } from "./chip-reads.js";
import { type ChipSetup, chipTask } from "./chip-task.js";
import { calibrationBatch } from "./chips.js";
import { checkScoreBytes } from "./kept-scores.js";
import { type LayerRead, layerReads } from "./layer-reads.js";
import type { ChipScores, Metric } from "./metrics/metric.js";
import { metrics as metricTable } from "./metrics/metrics.js";
import { type BoundNetwork, bindNetwork, type NetworkAndData } from "./network.js";
import type { EvaluationProgress } from "./progress.js";
import type { ChipRange } from "./ranges.js";
import {
  checkUncompared,
  type EvaluationSettings,
  evaluationSettings,
  type GivenEvaluationSettings,
  metricsOf,
} from "./settings.js";
import { modelFor } from "./setup-model.js";
import { percentInterval } from "./statistics.js";
import { readUntil, type Stopping } from "./stopping.js";
import { accuracies, type ChipSummary, summarise } from "./summarise.js";
import { addTally, type ChipTally, emptyTally } from "./tally.js";
import { fitTemperatures, temperatureWarnings } from "./temperature.js";
import { runUnbroken } from "./unbroken.js";

/** Options of `evaluate`. For the reference "clean", see `evaluateDeviation`. */
export interface EvaluateOptions extends Omit<GivenEvaluationSettings, "reference">, NetworkAndData {
  /**
   * Workers that evaluate the chips. Default: the calling thread. The result is the same. Calls with the same workers run one after
   * another; each uses the model and the data at the time of the call.
   */
  readonly workers?: Workers | undefined;
  /**
   * Samples that the temperature of each σ is fitted on, on chips of their own: validation samples, never the test set. Results then have
   * metrics of the scaled scores, too. Default: no temperature.
   */
  readonly temperatureData?: Pick<NetworkAndData, "data" | "normalisation"> | undefined;
  /** Whether results have the class scores of every chip, at most 2 GiB in all. Default: false. */
  readonly keepScores?: boolean | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Results over the chips of one σ. */
export interface SigmaResult extends ChipSummary {
  readonly sigma: number;
  /** Age of the chips in seconds, if ages were given. */
  readonly time_s?: number;
  /** What the layers take on the chips, if chips have cells or converters. */
  readonly layers?: readonly LayerRead[];
  /** With `precision` only: whether it was reached, and the numbers of chips at which it was tested. */
  readonly stopping?: Stopping;
  /** With `keepScores` only: class scores before softmax, [chips, samples, classes]. */
  readonly scores?: Float32Array;
}

export interface EvaluationResult {
  /** Results of the digital network; accuracy in percent, mean negative log likelihood in nats. */
  readonly digital: { readonly accuracy: number; readonly loss: number } & Pick<ChipSummary, "confidence"> & {
      /** With `keepScores` only: class scores before softmax, [samples, classes]. */
      readonly scores?: Float32Array;
    };
  /** One entry per σ, in the given order. */
  readonly results: readonly SigmaResult[];
  /** Possible causes of unexpected results, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Evaluates a network on simulated chips whose devices vary (Monte Carlo).
 *
 * Chip i of a σ is one draw of all weights from the stream (seed, "chip", parameter, i), independent of the numbers of workers and
 * chips. The same seed gives the same result, bit for bit. σ = 0 gives exactly the digital result.
 *
 * @throws {RangeError} for settings out of range, labels that are not a class, samples that don't fit the network's input, a
 *   network that mixes the samples of a batch, or more kept scores than 2 GiB.
 * @throws {Error} if another call is changing the model.
 * @throws {Error} if class scores aren't finite; names the first such chip, or the digital network.
 * @throws the signal's reason if it aborts.
 */
export async function evaluate(given: EvaluateOptions): Promise<EvaluationResult> {
  const { signal, workers } = given;
  const settings = resolve(evaluationSettings, withChip(given));
  checkUncompared(settings.compare, "without the reference clean");
  const metrics = metricsOf(settings);
  const reads = chipsOf(settings);
  const network = bindNetwork(given);
  let fitting: BoundNetwork | undefined;
  try {
    const { model, normalisation, logits, classes } = network;
    if (given.keepScores) checkScoreBytes(settings.chips, given.data.count, classes, reads.length);
    const { temperatureData } = given;
    fitting = temperatureData && bindNetwork({ ...temperatureData, model: given.model, output: given.output });
    const hold = holdModel(given.model, "read", "evaluate");
    try {
      const data = snapshot(given.data);
      const options = { ...given, ...settings, metrics, model, data, normalisation };
      const ofFitting = fitting && temperatureData && { ...fitting, data: snapshot(temperatureData.data) };
      return await withExecutor(workers, signal, async (executor) => {
        const temperatures = ofFitting && (await fitTemperatures(options, reads, ofFitting, executor));
        const setup = { model: modelFor(executor, model), data, normalisation, logits };
        return readAll(options, reads, network, executor, setup, temperatures);
      });
    } finally {
      hold.release();
    }
  } finally {
    fitting?.dispose();
    network.dispose();
  }
}

/** Options with defaults filled in and the network bound to the data. */
type RunOptions = EvaluationSettings &
  NetworkAndData &
  Pick<EvaluateOptions, "onProgress" | "signal" | "keepScores"> & { readonly metrics: readonly string[] };

/** Evaluates the digital network and the chips of all σ. */
async function readAll(
  options: RunOptions,
  reads: readonly ChipOfRun[],
  network: BoundNetwork,
  executor: Executor,
  setup: ChipSetup,
  temperatures: readonly number[] | undefined,
): Promise<EvaluationResult> {
  const { model, data, normalisation, onProgress, signal } = options;
  const { classes } = network;
  const rows = options.metrics.map((id) => metricTable.get(id)!);
  const measures = rows.filter(({ ofChip }) => ofChip);
  const kept = { scores: options.keepScores === true || measures.length > 0 };
  const logarithms = rows.some(({ needsLogarithms }) => needsLogarithms);
  const size = data.count * classes;
  const { dtype } = model.inputs[0]!;
  const warnings = [
    ...imageWarnings(data, normalisation, dtype),
    ...network.warnings,
    ...warningsOf(model),
    ...temperatureWarnings(temperatures),
  ];
  const fitted = temperatures ? reads.length * options.temperatureChips : 0;
  const total = 1 + reads.length * options.chips + fitted;
  let done = fitted;
  const clean = emptyTally(0, 1, { probabilities: size });
  let cleanScores: Float32Array | undefined;
  // The digital network is the first job of the first σ, so that no worker idles until it is done.
  let digital = chipJobs(options, executor, { chip: digitalChip }, { from: 0, to: 1 }, kept);
  const samples = calibrationBatch({ model, data, normalisation }, options);
  const read = async (
    { tally, onScores }: Collected,
    { from, to }: ChipRange,
    one: ChipOfRun,
    counted: CountedOfJob,
  ): Promise<void> => {
    const { sigma } = one.chip;
    const first = digital;
    digital = [];
    const onResult = (index: number, part: ChipTally): void => {
      const isDigital = index < first.length;
      addTally(isDigital ? clean : tally, part);
      if (isDigital) cleanScores = part.scores;
      else if (part.scores) onScores(part.scores, part.from);
      done += part.correct.length;
      onProgress?.({
        sigma: isDigital ? 0 : sigma,
        ...(!isDigital && one.time_s !== undefined && { time_s: one.time_s }),
        digital: isDigital,
        done,
        total,
        from: part.from,
        accuracies: [...accuracies(part, part.correct.length, data.count)],
      });
    };
    const jobs = [...first, ...chipJobs(options, executor, one, { from, to }, counted)];
    await runUnbroken((...run) => executor.run(chipTask, setup, ...run), jobs, onResult, signal);
  };

  const results: SigmaResult[] = [];
  for (const [i, given] of reads.entries()) {
    const one = { ...given, ranges: rangesFor(given.chip, model, samples) };
    const temperature = temperatures?.[i];
    const tally = emptyTally(0, options.chips, {
      probabilities: size,
      logarithms: logarithms ? size : 0,
      isScaled: temperature !== undefined,
    });
    const scores = options.keepScores ? new Float32Array(options.chips * size) : undefined;
    const measured = new Map<string, number[]>(measures.map(({ id }) => [id, []]));
    const onScores = (part: Float32Array, from: number): void => {
      scores?.set(part, from * size);
      measureChips(measures, measured, { part, from, labels: data.labels, classes });
    };
    const { chips, z, ...rest } = await readUntil(
      options,
      (from, to) => read({ tally, onScores }, { from, to }, one, { ...kept, logarithms, temperature }),
      (seen, z) => accuracyHalfWidth(tally, seen, data.count, z),
    );
    const { chip, time_s } = one;
    const layers = tally.layers && layerReads(placementOf(model, chip, samples), tally.layers, chips, data.count);
    const summarising = {
      metrics: options.metrics,
      yieldAccuracy: options.yieldAccuracy ?? [],
      z,
      measured,
      temperature,
    };
    results.push({
      sigma: chip.sigma,
      ...(time_s !== undefined && { time_s }),
      ...summarise(tally, chips, data.count, summarising),
      ...(layers && { layers }),
      ...rest,
      ...(scores && { scores: scores.subarray(0, chips * size) }),
    });
    done = 1 + fitted + (i + 1) * options.chips;
  }
  const { accuracy, confidence, perChip } = summarise(clean, 1, data.count, none);
  return {
    digital: {
      accuracy: accuracy.mean,
      loss: perChip.loss[0]!,
      confidence,
      ...(options.keepScores && cleanScores && { scores: cleanScores }),
    },
    results,
    warnings,
  };
}

/** Nothing beside what all results have. */
const none = { metrics: [], yieldAccuracy: [], measured: new Map<string, number[]>() };

/** Where a σ's results go. */
interface Collected {
  readonly tally: ChipTally;
  onScores(scores: Float32Array, from: number): void;
}

/** Applies a user's metrics to the chips of a job. */
function measureChips(
  measures: readonly Metric[],
  measured: ReadonlyMap<string, number[]>,
  { part, from, ...rest }: Omit<ChipScores, "scores" | "samples" | "chip"> & { part: Float32Array; from: number },
): void {
  const samples = rest.labels.length;
  const size = samples * rest.classes;
  for (const { id, ofChip } of measures) {
    for (let i = 0; i * size < part.length; i++) {
      const scores = part.subarray(i * size, (i + 1) * size);
      measured.get(id)![from + i] = ofChip!({ ...rest, scores, samples, chip: from + i });
    }
  }
}

/** Half-width of the interval of the mean accuracy, in percentage points; null for a single chip. */
function accuracyHalfWidth(tally: ChipTally, chips: number, samples: number, z: number): number | null {
  const interval = percentInterval(accuracies(tally, chips, samples), z);
  return interval && (interval[1] - interval[0]) / 2;
}
