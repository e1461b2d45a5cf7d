import { type ChipSpec, chipOf, type LearnableLayer, learnableLayers } from "@neft/crossbar";
import { checkForm, type Dataset, imageWarnings, type Normalisation, snapshot, split } from "@neft/data";
import {
  type BoundNetwork,
  bindNetwork,
  checkUncompared,
  type NetworkAndData,
  rangesFor,
  type SampledInputs,
  writeWeights,
} from "@neft/evaluation";
import { holdModel, type Model, type ValueInfo, warningsOf } from "@neft/model";
import { inWords, OptionError } from "@neft/options";
import { stream } from "@neft/tensor";
import { type Workers, withExecutor } from "@neft/work";
import type { EqualiseProgress, EqualiseResult } from "../equalise/equalise.js";
import { checkGamma } from "../feedback-loss.js";
import { type HeadPlan, planHeads } from "../heads.js";
import { positionBefore, type RunLength, type TrainingPosition } from "../position.js";
import { checkInWorkers, strategyNamed } from "../strategies.js";
import type { Passes } from "../strategy.js";
import { purposes } from "../streams.js";
import { chooseTaps, namedTaps } from "../taps.js";
import { bindForClean, type CleanRun, planCleanRun } from "./clean-run.js";
import { equaliseFirst } from "./equalise-first.js";
import { checkFixedBatch } from "./fixed-batch.js";
import { frozenParameters } from "./frozen.js";
import { type Score, startJobs, trainingSamples } from "./jobs.js";
import { planNorms } from "./norms.js";
import { TrainingRun } from "./run.js";
import { checkArrays, checkRunState, type RunState, type Validation } from "./run-state.js";
import { checkFullBatch, type FinetuneSettings, type ResolvedSettings, resolveSettings } from "./settings.js";
import type { StepSettings } from "./shards.js";

/** Progress report after a batch of the equalisation, a step or a validation. */
export type FinetuneProgress =
  | ({ readonly kind: "equalise" } & EqualiseProgress & TrainingPosition)
  | ({ readonly kind: "step"; readonly loss: number; readonly learningRate: number } & TrainingPosition)
  | ({ readonly kind: "validation"; readonly isBest: boolean } & Score & TrainingPosition);

export interface FinetuneOptions extends FinetuneSettings, NetworkAndData {
  /** The model to train, in place. At the end it has the best weights. */
  readonly model: Model;
  /** Samples for choosing the best weights. Default: samples held out of `data`. */
  readonly validationData?: Dataset | undefined;
  /** Samples of all inputs, for strategies towards the clean network. Default: `data`, for a network with one input. */
  readonly inputs?: SampledInputs | undefined;
  /** Validation samples of all inputs, in place of `validationData`. */
  readonly validationInputs?: SampledInputs | undefined;
  /**
   * Workers that run the shards and the validation chips. Default: the calling thread. The result is the same. Calls with the same
   * workers run one after another.
   */
  readonly workers?: Workers | undefined;
  /**
   * Called after each step and validation, and after each batch of the equalisation. Except during that, the callback may run and export the
   * model, which has the weights of that step, or those that were validated.
   */
  readonly onProgress?: ((progress: FinetuneProgress) => void) | undefined;
  /** Ends the run after the current step; `ended.reason` is then "aborted", and `state` continues it. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Continues a run from a state of `onCheckpoint` or of an aborted run: a call with the same model (as it was before finetuning), data and
   * settings gives the bits that the run would have given. Number and kind of workers may differ.
   */
  readonly resume?: RunState | undefined;
  /** Called with the run's state every `checkpointEvery` steps. */
  readonly onCheckpoint?: ((state: RunState) => void) | undefined;
  /** Default: 100. */
  readonly checkpointEvery?: number | undefined;
}

/** Result of `finetune`. */
export interface FinetuneResult {
  /** All validations, in order. */
  readonly validations: readonly Validation[];
  /** The validation whose weights the model has. Null if it has those of the last step, after an abort before new weights were validated. */
  readonly best: Validation | null;
  /** Number of steps done. */
  readonly steps: number;
  /** Passes of a batch through the network in these steps, and for `recalibrate`; without those of validations. */
  readonly passes: Passes;
  /** Why the run ended. `message` gives details if it was aborted or diverged. */
  readonly ended: { readonly reason: "finished" | "aborted" | "diverged"; readonly message?: string };
  readonly settings: ResolvedSettings;
  /** Names of the values that the heads read; empty if the strategy has no heads. */
  readonly taps: readonly string[];
  /** With the setting `equalise`: what it did before the first step. */
  readonly equalised?: EqualiseResult;
  /** With `learnPeriphery`: the chip with what was learned, for evaluations of the best weights. */
  readonly chip?: ChipSpec;
  /** After an abort: what continues the run. Undefined if it was aborted before it began. */
  readonly state?: RunState;
  /** Possible causes of unexpected results, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Finetunes a network for chips whose devices vary.
 *
 * A step splits the batch into `shards`, computes the strategy's loss and its gradients for each with weights that vary, adds the
 * gradients in shard order, weighted by shard size, and updates the weights. The run keeps the weights with the best mean accuracy on
 * the validation chips, or with the smallest mean relative error for a strategy towards the clean network; the initial weights are among
 * the candidates. The same settings and seed give the same weights, bit for bit,
 * for any number of workers.
 *
 * If the loss diverges or the signal aborts, the run ends with the best weights so far. Exception: after an abort before any new weights
 * were validated, the model keeps the weights of the last step.
 *
 * With `equalise`, channels are rescaled before the first step; an abort meanwhile leaves the model as before.
 *
 * The model is locked during the call.
 * @throws {RangeError} for settings out of range, or data that doesn't fit the network.
 * @throws {Error} if another call is using the model.
 */
export async function finetune(options: FinetuneOptions): Promise<FinetuneResult> {
  checkForm(options.data);
  const settings = structuredClone(resolveSettings(options, options.data.count));
  if (options.workers) checkInWorkers(settings.strategy.id);
  const isClean = strategyNamed(settings.strategy.id).target === "clean";
  const run = isClean ? runTowardsClean(options, settings) : runTowardsLabels(options, settings);
  try {
    return await finetuneBound(options, settings, run);
  } finally {
    run.dispose();
  }
}

/** A bound network and the data of a run. */
interface BoundRun extends Partial<CleanRun> {
  readonly model: Model;
  /** Name of the value with the class scores, or of the first output to compare. */
  readonly logits: string;
  readonly normalisation: Normalisation;
  readonly heads: readonly HeadPlan[];
  readonly training: Dataset;
  readonly validation: Dataset;
  readonly fixed: BoundNetwork["fixed"];
  /** Training samples of all inputs of the unbound network. */
  readonly inputs: SampledInputs;
  dispose(): void;
}

function runTowardsLabels(options: FinetuneOptions, settings: ResolvedSettings): BoundRun {
  checkUncompared(settings.compare, "for a strategy that reads labels");
  const network = bindNetwork(options);
  try {
    checkTrainable(network);
    checkValidationData(options, network);
    const parts = splitData(options, settings);
    const [{ name }] = options.model.inputs as [ValueInfo];
    const inputs = { [name]: { data: parts.training, normalisation: network.normalisation } };
    return { ...network, ...parts, inputs, heads: planAllHeads(network, settings) };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

function runTowardsClean(options: FinetuneOptions, settings: ResolvedSettings): BoundRun {
  if (settings.distill !== undefined) {
    throw new OptionError({
      option: "distill",
      expected: "a strategy that reads labels",
      got: inWords(settings.strategy.id),
    });
  }
  const network = bindForClean(options, settings);
  try {
    checkHeldOut(options, settings);
    const key = stream(settings.seed, { purpose: purposes.split });
    const { value: logits } = network.outputs[0]!;
    const { normalisation } = network.inputs[0]!;
    const plan = planCleanRun(options, settings, network, key);
    return { ...network, ...plan, logits, normalisation, heads: [] };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** Runs `finetune` with resolved settings and a bound network. */
async function finetuneBound(
  options: FinetuneOptions,
  settings: ResolvedSettings,
  bound: BoundRun,
): Promise<FinetuneResult> {
  const { model, logits, normalisation, heads, training, validation, target, comparison, fixed } = bound;
  checkFixedBatch(model, fixed, settings, training.count);
  if (settings.dropLast) checkFullBatch(settings.batch, training.count);
  const { gamma = [], deltaSigma = [] } = settings.strategy;
  checkGamma(gamma, heads.length + deltaSigma.length);
  const frozen = frozenParameters(model, settings.freeze ?? []);
  const norms = planNorms(model, settings, frozen, training.count, fixed?.batch);
  const names = { frozen: [...frozen], frozenNorms: norms.frozen };
  const length = lengthOf(settings, training.count);
  const samples = { training: training.count, validation: validation.count };
  const plain = { ...settings, ...names, logits, heads, normalisation, target, fixedBatch: fixed?.batch, length };
  const { dtype } = model.inputs[0]!;
  const warnings = [...imageWarnings(options.data, normalisation, dtype), ...norms.warnings, ...warningsOf(model)];
  const { workers, signal, onProgress, resume } = options;
  const network = [...model.parameters.values()];
  if (resume) {
    checkRunState(resume, { settings, samples, steps: length.steps });
    checkArrays("initial", resume.initial, network);
  }
  const hold = holdModel(model, "write", "finetune");
  const watched = {
    ...options,
    model,
    onProgress: onProgress && ((progress: FinetuneProgress) => hold.allowPeek(() => onProgress(progress))),
  };
  let isWaiting = true;
  let equalised = resume?.equalised;
  try {
    if (settings.equalise && !resume) {
      const report = (progress: EqualiseProgress): void =>
        onProgress?.({ kind: "equalise", ...progress, ...positionBefore(length, 0) });
      equalised = await equaliseFirst({ ...options, inputs: bound.inputs, onProgress: report }, settings);
    }
    return await withExecutor(workers, signal, async (executor) => {
      isWaiting = false;
      // Learned layers and the clean network are those of the weights before the first step.
      if (resume) writeWeights(network, resume.initial);
      const step = { ...plain, learned: learnedLayers(model, training, plain) };
      const work = startJobs({ model, training, validation, comparison, executor }, step, settings.shards);
      const run = new TrainingRun({
        options: watched,
        settings,
        work,
        length,
        samples,
        frozen,
        hasMovingNorms: norms.isMoving,
        equalised,
      });
      try {
        if (resume) run.write(resume);
        const result = await run.finish();
        return { ...result, ...(equalised && { equalised }), warnings };
      } finally {
        run.dispose();
        work.close();
      }
    });
  } catch (error) {
    if (!isWaiting || !signal?.aborted) throw error;
    const ended = { reason: "aborted", message: "aborted before the first step" } as const;
    const passes = { forward: 0, backward: 0 };
    const taps = heads.map(({ tap }) => tap);
    const nothing = { validations: [], best: null, steps: 0, passes, ended, settings, taps };
    return { ...nothing, ...(equalised && { equalised }), ...(resume && { state: resume }), warnings };
  } finally {
    hold.release();
  }
}

/** Layers whose periphery the run learns; undefined if it learns none. */
function learnedLayers(
  model: Model,
  data: Dataset,
  settings: ResolvedSettings & Omit<StepSettings, keyof ResolvedSettings>,
): LearnableLayer[] | undefined {
  if (!settings.learnPeriphery) return undefined;
  const samples = trainingSamples({ model, data, settings }, settings.calibrationSamples);
  const chip = chipOf(settings, settings.sigma);
  return learnableLayers(model, chip, rangesFor(chip, model, samples) ?? {}, samples);
}

/** @throws {RangeError} if a node mixes the samples of a batch, or the loss would read probabilities. */
function checkTrainable({ warnings }: BoundNetwork): void {
  const [problem] = warnings;
  if (problem) throw new RangeError(`${problem}; export the network without it for finetuning`);
}

/** @throws {RangeError} if validation samples differ in shape from training samples: one bound graph reads both. */
function checkValidationData(options: FinetuneOptions, { model }: BoundNetwork): void {
  if (!options.validationData) return;
  const other = bindNetwork({ ...options, data: options.validationData });
  const [expected, got] = [model, other.model].map(({ inputs }) => inputs[0]!.shape.slice(1).join(", "));
  other.dispose();
  if (expected !== got) {
    throw new RangeError(`validation data: expected samples that the network reads as [${expected}], got [${got}]`);
  }
}

/** Returns the training and validation data; holds validation samples out of `data` if none are given. */
function splitData(options: FinetuneOptions, settings: ResolvedSettings): { training: Dataset; validation: Dataset } {
  const { data, validationData } = options;
  if (validationData) return { training: snapshot(data), validation: snapshot(validationData) };
  checkHeldOut(options, settings);
  return split(data, settings.validation.images, stream(settings.seed, { purpose: purposes.split }));
}

/** @throws {OptionError} if no sample would be left to train on. */
function checkHeldOut(
  { data, validationData, validationInputs }: FinetuneOptions,
  { validation: { images } }: ResolvedSettings,
): void {
  if (validationData || validationInputs) return;
  // A single sample can't be split for any value of the option: `split` throws that error.
  if (data.count > 1 && images >= data.count) {
    throw new OptionError({
      option: "validation.images",
      expected: `fewer than the number of samples, ${data.count}`,
      got: String(images),
    });
  }
}

/** Plans the strategy's heads; none if it has no heads. */
function planAllHeads(
  { model, scores, added, classes }: BoundNetwork,
  { strategy: { id, taps, sizes = [], hidden = 0 } }: ResolvedSettings,
) {
  if (!strategyNamed(id).hasHeads) return [];
  const features = taps ? namedTaps(model, taps, added) : chooseTaps(model, new Set([...scores, ...added]));
  return planHeads(features, { sizes, hidden, classes });
}

/** Numbers of steps: of an epoch, and of the run. */
function lengthOf({ batch, epochs, dropLast }: ResolvedSettings, samples: number): RunLength {
  const perEpoch = dropLast ? Math.floor(samples / batch) : Math.ceil(samples / batch);
  return { perEpoch, steps: epochs * perEpoch };
}
