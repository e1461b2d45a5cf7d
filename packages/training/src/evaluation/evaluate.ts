import { checkProgramming } from "@neft/crossbar";
import { imageWarnings, shareable } from "@neft/data";
import { type Model, modelToRecord, warningsOf } from "@neft/model";
import { inProcess, type Lane, onWorkers, prepareWith, takenWhile, type Workers } from "../lanes.js";
import { looksUpTo } from "../looks.js";
import { bindNetwork, type NetworkAndData } from "../network.js";
import { percentInterval } from "../statistics.js";
import { purposes } from "../streams.js";
import {
  type ChipJob,
  type ChipSettings,
  createEvaluationState,
  disposeEvaluationState,
  evaluateChips,
} from "./chips.js";
import { chipRanges } from "./ranges.js";
import { accuracies, type ChipSummary, summarise } from "./summarise.js";
import { addTally, type ChipTally, emptyTally } from "./tally.js";

/** How a network is evaluated on chips: plain data, what results record. */
export interface EvaluationSettings extends ChipSettings {
  /** Device standard deviations, each ≥ 0. */
  readonly sigmas: readonly number[];
  /** Chips for each σ; the most there may be where a precision is given. */
  readonly chips: number;
  readonly seed: number;
  /**
   * Half the width, in points, of the mean accuracy's 95 % interval to stop at: chips are added in their order until a look
   * finds the interval narrow enough. All chips are read where left out.
   */
  readonly precision?: number | undefined;
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** σ at work; 0 and `digital` for the digital network. */
  readonly sigma: number;
  readonly digital: boolean;
  /** Chips read so far and at most to read, over all σ, the digital network counted as one. */
  readonly done: number;
  readonly total: number;
}

export interface EvaluateOptions extends EvaluationSettings, NetworkAndData {
  /** Workers to share the chips among; this thread reads them all where left out. The result is the same. */
  readonly workers?: Workers | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What chips of one σ made of the dataset. */
export interface SigmaResult extends ChipSummary {
  readonly sigma: number;
  /** Where a precision was asked for: whether it was reached, and the numbers of chips at which that was looked at. */
  readonly stopping?: { readonly precision: number; readonly reached: boolean; readonly looks: readonly number[] };
}

export interface EvaluationResult {
  /** The network without chips. */
  readonly digital: { readonly accuracy: number } & Pick<ChipSummary, "confidence">;
  /** One entry for each σ, in their order. */
  readonly results: readonly SigmaResult[];
  /** What may make the numbers other than expected, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Monte Carlo over chips: what a network makes of a dataset on chips whose devices vary.
 *
 * Chip i of a σ is the same for any number of workers and chips: one draw of all weights from the stream (seed, "chip",
 * parameter, i). The same seed gives the same result to the last bit, and σ = 0 exactly the digital one.
 *
 * @throws {RangeError} for settings out of range, labels that are no class, samples that don't fit the network's input, or a network
 *   that mixes the samples of a batch of any size.
 * @throws {Error} naming the first chip, the digital network before all others, whose class scores aren't finite.
 * @throws the signal's reason when it aborts.
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const { data, sigmas, onProgress, signal, workers } = options;
  checkSettings(options);
  const network = bindNetwork(options);
  const { model, logits, classes, normalisation } = network;
  const state = createEvaluationState({ model, data, normalisation, logits });
  let lane: Lane<ChipJob, ChipTally> = inProcess((job) => evaluateChips(state, job));
  if (workers) {
    const setup = { model: modelToRecord(model), data: shareable(data), normalisation, logits };
    workers.prepare(prepareWith((api) => api.prepareEvaluation(setup)));
    lane = onWorkers(workers, "evaluateChips");
  }
  const total = 1 + sigmas.length * options.chips;
  const warnings = [...imageWarnings(data, normalisation), ...network.warnings, ...warningsOf(model)];
  let done = 0;
  const clean = emptyTally(0, 1, data.count * classes);
  // The digital network goes first, but nobody waits for it: it is one more job of the first chips'.
  let digital = chipJobs(model, options, 0, 0, 1);
  const read = async (tally: ChipTally, from: number, to: number, sigma: number): Promise<void> => {
    const first = digital;
    digital = [];
    const broken: string[] = [];
    const onResult = (index: number, part: ChipTally): void => {
      if (part.broken !== undefined) {
        broken[index] = part.broken;
        return;
      }
      const isDigital = index < first.length;
      addTally(isDigital ? clean : tally, part);
      done += part.correct.length;
      onProgress?.({ sigma: isDigital ? 0 : sigma, digital: isDigital, done, total });
    };
    const jobs = [...first, ...chipJobs(model, options, sigma, from, to)];
    await lane(
      takenWhile(jobs, () => broken.length === 0),
      onResult,
      signal,
    );
    // Jobs before a broken one were taken before it, so the first of the broken ones is here, whatever the workers.
    const firstBroken = broken.find((words) => words !== undefined);
    if (firstBroken !== undefined) throw new Error(firstBroken);
  };

  try {
    const results: SigmaResult[] = [];
    for (const [i, sigma] of sigmas.entries()) {
      const tally = emptyTally(0, options.chips, data.count * classes);
      results.push({ sigma, ...(await readUntil(options, tally, (from, to) => read(tally, from, to, sigma))) });
      done = 1 + (i + 1) * options.chips;
    }
    const { accuracy, confidence } = summarise(clean, 1, data.count);
    return { digital: { accuracy: accuracy.mean, confidence }, results, warnings };
  } finally {
    disposeEvaluationState(state);
    network.dispose();
  }
}

/** Reads all chips, or as many as the precision needs. */
async function readUntil(
  { chips, precision, data }: EvaluateOptions,
  tally: ChipTally,
  read: (from: number, to: number) => Promise<void>,
): Promise<ChipSummary & Pick<SigmaResult, "stopping">> {
  if (precision === undefined) {
    await read(0, chips);
    return summarise(tally, chips, data.count);
  }
  const looks = looksUpTo(chips);
  let seen = 0;
  for (const look of looks.chips) {
    await read(seen, look);
    seen = look;
    const interval = percentInterval(accuracies(tally, seen, data.count), looks.z);
    const reached = interval !== null && (interval[1] - interval[0]) / 2 <= precision;
    if (reached || seen === chips) {
      const taken = looks.chips.filter((count) => count <= seen);
      return { ...summarise(tally, seen, data.count, looks.z), stopping: { precision, reached, looks: taken } };
    }
  }
  throw new Error("looks: expected the last one to be the cap");
}

/** Jobs for the chips [from, to) of a σ. */
function chipJobs(model: Model, options: EvaluateOptions, sigma: number, from: number, to: number): ChipJob[] {
  const { data, device, weightBits, bitsPerCell, perSample, seed } = options;
  const shared = {
    device,
    weightBits,
    bitsPerCell,
    perSample,
    seed,
    sigma,
    purpose: purposes.chip,
    probabilities: true,
  };
  return chipRanges(model, data.count, { from, to }, options.workers).map((range) => ({ ...shared, ...range }));
}

function checkSettings({ sigmas, chips, precision, device, weightBits, bitsPerCell }: EvaluationSettings): void {
  if (sigmas.length === 0) throw new RangeError("sigma: expected at least one, got none");
  for (const sigma of sigmas) checkProgramming({ device, sigma, weightBits, bitsPerCell });
  if (!Number.isInteger(chips) || chips < 1) throw new RangeError(`chips: expected a whole number ≥ 1, got ${chips}`);
  if (precision !== undefined && !(Number.isFinite(precision) && precision > 0)) {
    throw new RangeError(`precision: expected a half-width > 0 in points, got ${precision}`);
  }
}
