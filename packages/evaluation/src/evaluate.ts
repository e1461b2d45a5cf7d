import { type ChipAtAge, chipsOf, digitalChip, placementOf, type Ranges, withChip } from "@neft/crossbar";
import { imageWarnings, snapshot } from "@neft/data";
import { holdModel, warningsOf } from "@neft/model";
import { resolve } from "@neft/options";
import { type Executor, type Workers, withExecutor } from "@neft/work";
import { rangesFor } from "./chip-reads.js";
import { type ChipSetup, chipTask } from "./chip-task.js";
import { type ChipJob, calibrationBatch } from "./chips.js";
import { type LayerRead, layerReads } from "./layer-reads.js";
import { type BoundNetwork, bindNetwork, type NetworkAndData } from "./network.js";
import { type ChipRange, chipRanges } from "./ranges.js";
import {
  checkUncompared,
  type EvaluationSettings,
  evaluationSettings,
  type GivenEvaluationSettings,
} from "./settings.js";
import { modelFor } from "./setup-model.js";
import { percentInterval } from "./statistics.js";
import { readUntil, type Stopping } from "./stopping.js";
import { chipPurposes } from "./streams.js";
import { accuracies, type ChipSummary, summarise } from "./summarise.js";
import { addTally, type ChipTally, emptyTally } from "./tally.js";
import { runUnbroken } from "./unbroken.js";

/** Progress of an evaluation. */
export interface EvaluationProgress {
  /** σ of the chips just read; 0 for the digital network. */
  readonly sigma: number;
  /** Age of the chips just read in seconds, if ages were given. */
  readonly time_s?: number;
  /** Whether the digital network was just read. */
  readonly digital: boolean;
  /** Chips read so far, over all σ. The digital network counts as one chip. */
  readonly done: number;
  /** Maximum number of chips to read. */
  readonly total: number;
  /** Index of the first of the chips just read, among those of this σ. */
  readonly from: number;
  /** Accuracies of the chips just read, in percent, in the order of the chips. Empty with the reference "clean". */
  readonly accuracies: readonly number[];
  /** Relative errors of the chips just read, in their order. Only with the reference "clean". */
  readonly relativeErrors?: readonly number[];
}

/** Options of `evaluate`. For the reference "clean", see `evaluateDeviation`. */
export interface EvaluateOptions extends Omit<GivenEvaluationSettings, "reference">, NetworkAndData {
  /**
   * Workers that evaluate the chips. Default: the calling thread. The result is the same. Calls with the same workers run one after
   * another; each uses the model and the data at the time of the call.
   */
  readonly workers?: Workers | undefined;
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
}

export interface EvaluationResult {
  /** Results of the digital network; accuracy in percent. */
  readonly digital: { readonly accuracy: number } & Pick<ChipSummary, "confidence">;
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
 * @throws {RangeError} for settings out of range, labels that are not a class, samples that don't fit the network's input, or a
 *   network that mixes the samples of a batch.
 * @throws {Error} if another call is changing the model.
 * @throws {Error} if class scores aren't finite; names the first such chip, or the digital network.
 * @throws the signal's reason if it aborts.
 */
export async function evaluate(given: EvaluateOptions): Promise<EvaluationResult> {
  const { signal, workers } = given;
  const settings = resolve(evaluationSettings, withChip(given));
  checkUncompared(settings.compare, "without the reference clean");
  const reads = chipsOf(settings);
  const network = bindNetwork(given);
  try {
    const { model, normalisation, logits } = network;
    const hold = holdModel(given.model, "read", "evaluate");
    try {
      const data = snapshot(given.data);
      const options = { ...given, ...settings, model, data, normalisation };
      return await withExecutor(workers, signal, (executor) => {
        const setup = { model: modelFor(executor, model), data, normalisation, logits };
        return readAll(options, reads, network, executor, setup);
      });
    } finally {
      hold.release();
    }
  } finally {
    network.dispose();
  }
}

/** Options with defaults filled in and the network bound to the data. */
type RunOptions = EvaluationSettings & NetworkAndData & Pick<EvaluateOptions, "onProgress" | "signal">;

/** Evaluates the digital network and the chips of all σ. */
async function readAll(
  options: RunOptions,
  reads: readonly ChipOfRun[],
  network: BoundNetwork,
  executor: Executor,
  setup: ChipSetup,
): Promise<EvaluationResult> {
  const { model, data, normalisation, onProgress, signal } = options;
  const { classes } = network;
  const { dtype } = model.inputs[0]!;
  const warnings = [...imageWarnings(data, normalisation, dtype), ...network.warnings, ...warningsOf(model)];
  const total = 1 + reads.length * options.chips;
  let done = 0;
  const clean = emptyTally(0, 1, data.count * classes);
  // The digital network is the first job of the first σ, so that no worker idles until it is done.
  let digital = chipJobs(options, executor, { chip: digitalChip }, { from: 0, to: 1 });
  const samples = calibrationBatch({ model, data, normalisation }, options);
  const read = async (tally: ChipTally, { from, to }: ChipRange, one: ChipOfRun): Promise<void> => {
    const { sigma } = one.chip;
    const first = digital;
    digital = [];
    const onResult = (index: number, part: ChipTally): void => {
      const isDigital = index < first.length;
      addTally(isDigital ? clean : tally, part);
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
    const jobs = [...first, ...chipJobs(options, executor, one, { from, to })];
    await runUnbroken((...run) => executor.run(chipTask, setup, ...run), jobs, onResult, signal);
  };

  const results: SigmaResult[] = [];
  for (const [i, given] of reads.entries()) {
    const one = { ...given, ranges: rangesFor(given.chip, model, samples) };
    const tally = emptyTally(0, options.chips, data.count * classes);
    const { chips, z, ...rest } = await readUntil(
      options,
      (from, to) => read(tally, { from, to }, one),
      (seen, z) => accuracyHalfWidth(tally, seen, data.count, z),
    );
    const { chip, time_s } = one;
    const layers = tally.layers && layerReads(placementOf(model, chip, samples), tally.layers, chips, data.count);
    results.push({
      sigma: chip.sigma,
      ...(time_s !== undefined && { time_s }),
      ...summarise(tally, chips, data.count, z),
      ...(layers && { layers }),
      ...rest,
    });
    done = 1 + (i + 1) * options.chips;
  }
  const { accuracy, confidence } = summarise(clean, 1, data.count);
  return { digital: { accuracy: accuracy.mean, confidence }, results, warnings };
}

/** Half-width of the interval of the mean accuracy, in percentage points; null for a single chip. */
function accuracyHalfWidth(tally: ChipTally, chips: number, samples: number, z: number): number | null {
  const interval = percentInterval(accuracies(tally, chips, samples), z);
  return interval && (interval[1] - interval[0]) / 2;
}

/** A chip of a run: its spec, at an age, with the ranges of its converters. */
type ChipOfRun = ChipAtAge & { readonly ranges?: Ranges | undefined };

/** Makes the jobs for the chips [from, to) of a spec. */
function chipJobs(
  { model, data, seed, calibrationSamples }: RunOptions,
  executor: Executor,
  one: ChipOfRun,
  chips: ChipRange,
): ChipJob[] {
  const shared = { ...one, seed, calibrationSamples, purpose: chipPurposes.chip, probabilities: true };
  return chipRanges(model, data.count, chips, executor).map((range) => ({ ...shared, ...range }));
}
