import { checkProgramming } from "@neft/crossbar";
import { imageWarnings, snapshot } from "@neft/data";
import { holdModel, modelToRecord, warningsOf } from "@neft/model";
import { resolve } from "@neft/options";
import { type ChipJob, createEvaluationState, disposeEvaluationState, evaluateChips } from "./chips.js";
import { inProcess, type Lane, lanesOn, takenWhile, withLease } from "./lanes.js";
import { looksUpTo } from "./looks.js";
import { type BoundNetwork, bindNetwork, type NetworkAndData } from "./network.js";
import { type ChipRange, chipRanges } from "./ranges.js";
import { type EvaluationSettings, evaluationSettings, type GivenEvaluationSettings } from "./settings.js";
import { percentInterval } from "./statistics.js";
import { chipPurposes } from "./streams.js";
import { accuracies, type ChipSummary, summarise } from "./summarise.js";
import { addTally, type ChipTally, emptyTally } from "./tally.js";
import type { EvaluationWorkers } from "./worker.js";

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** σ at work; 0 and `digital` for the digital network. */
  readonly sigma: number;
  readonly digital: boolean;
  /** Chips read so far and at most to read, over all σ, the digital network counted as one. */
  readonly done: number;
  readonly total: number;
}

export interface EvaluateOptions extends GivenEvaluationSettings, NetworkAndData {
  /**
   * Workers to share the chips among; this thread reads them all where left out. The result is the same. Calls with the same workers
   * take turns; each has the model and the data as they are when it is made.
   */
  readonly workers?: EvaluationWorkers | undefined;
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
 * @throws {Error} when another call changes the model.
 * @throws {Error} naming the first chip, the digital network before all others, whose class scores aren't finite.
 * @throws the signal's reason when it aborts.
 */
export async function evaluate(given: EvaluateOptions): Promise<EvaluationResult> {
  const { signal, workers } = given;
  const settings = resolve(evaluationSettings, given);
  for (const sigma of settings.sigma) checkProgramming({ ...settings, sigma });
  const network = bindNetwork(given);
  try {
    const { model, normalisation, logits } = network;
    const hold = holdModel(given.model, "read", "evaluate");
    try {
      const data = snapshot(given.data);
      const options = { ...given, ...settings, model, data, normalisation };
      const setup = workers && { model: modelToRecord(model), data, normalisation, logits };
      return await withLease(workers, signal, async (lent) => {
        if (lent && setup) {
          const lanes = lanesOn(lent, (api, id) => api.prepareEvaluation(setup, id));
          return readAll(options, network, lent, lanes("evaluateChips"));
        }
        const state = createEvaluationState({ model, data, normalisation, logits });
        try {
          const lane = inProcess((job: ChipJob) => evaluateChips(state, job));
          return await readAll(options, network, undefined, lane);
        } finally {
          disposeEvaluationState(state);
        }
      });
    } finally {
      hold.release();
    }
  } finally {
    network.dispose();
  }
}

/** Options of a run, with defaults filled in and a network bound to the data. */
type RunOptions = EvaluationSettings & NetworkAndData & Pick<EvaluateOptions, "onProgress" | "signal">;

/** Reads the chips of all σ, and the digital network. */
async function readAll(
  options: RunOptions,
  network: BoundNetwork,
  lent: { readonly size: number } | undefined,
  lane: Lane<ChipJob, ChipTally>,
): Promise<EvaluationResult> {
  const { model, data, normalisation, onProgress, signal } = options;
  const { classes } = network;
  const { dtype } = model.inputs[0]!;
  const warnings = [...imageWarnings(data, normalisation, dtype), ...network.warnings, ...warningsOf(model)];
  const total = 1 + options.sigma.length * options.chips;
  let done = 0;
  const clean = emptyTally(0, 1, data.count * classes);
  // The digital network goes first, but nobody waits for it: it is one more job of the first chips'.
  let digital = chipJobs(options, lent, { sigma: 0, from: 0, to: 1 });
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
    const jobs = [...first, ...chipJobs(options, lent, { sigma, from, to })];
    await lane(
      takenWhile(jobs, () => broken.length === 0),
      onResult,
      signal,
    );
    // Jobs before a broken one were taken before it, so the first of the broken ones is here, whatever the workers.
    const firstBroken = broken.find((words) => words !== undefined);
    if (firstBroken !== undefined) throw new Error(firstBroken);
  };

  const results: SigmaResult[] = [];
  for (const [i, sigma] of options.sigma.entries()) {
    const tally = emptyTally(0, options.chips, data.count * classes);
    results.push({ sigma, ...(await readUntil(options, tally, (from, to) => read(tally, from, to, sigma))) });
    done = 1 + (i + 1) * options.chips;
  }
  const { accuracy, confidence } = summarise(clean, 1, data.count);
  return { digital: { accuracy: accuracy.mean, confidence }, results, warnings };
}

/** Reads all chips, or as many as the precision needs. */
async function readUntil(
  { chips, precision, data }: RunOptions,
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
function chipJobs(
  options: RunOptions,
  lent: { readonly size: number } | undefined,
  { sigma, from, to }: ChipRange & { readonly sigma: number },
): ChipJob[] {
  const { model, data, device, weightBits, bitsPerCell, perSample, seed } = options;
  const shared = {
    device,
    weightBits,
    bitsPerCell,
    perSample,
    seed,
    sigma,
    purpose: chipPurposes.chip,
    probabilities: true,
  };
  return chipRanges(model, data.count, { from, to }, lent).map((range) => ({ ...shared, ...range }));
}
