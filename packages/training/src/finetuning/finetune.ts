import { type Calibration, type ChipSpec, chipOf, type LearnableLayer, learnableLayers } from "@neft/crossbar";
import { checkForm, type Dataset, imageWarnings, type Normalisation, snapshot, split } from "@neft/data";
import {
  type BoundNetwork,
  bindNetwork,
  checkUncompared,
  type NetworkAndData,
  rangesFor,
  readWeights,
  type SampledInputs,
  withLease,
  writeWeights,
} from "@neft/evaluation";
import { holdModel, type Model, type ValueInfo, warningsOf } from "@neft/model";
import { OptionError } from "@neft/options";
import { maxAbs, permutation, stream, type Tensor } from "@neft/tensor";
import type { EqualiseProgress, EqualiseResult } from "../equalise/equalise.js";
import { checkGamma } from "../feedback-loss.js";
import { type HeadPlan, planHeads } from "../heads.js";
import { activeModifiers } from "../modifiers.js";
import { optimiserNamed } from "../optimisers.js";
import { scheduleNamed } from "../schedules.js";
import { checkInWorkers, strategyNamed } from "../strategies.js";
import { purposes } from "../streams.js";
import { chooseTaps, namedTaps } from "../taps.js";
import type { Workers } from "../worker.js";
import { bindForClean, type CleanRun, planCleanRun } from "./clean-run.js";
import { watchLoss } from "./divergence.js";
import { equaliseFirst } from "./equalise-first.js";
import { checkFixedBatch } from "./fixed-batch.js";
import { frozenParameters } from "./frozen.js";
import {
  isBetter,
  type RunJobs,
  type Score,
  shardJobs,
  startJobs,
  trainingSamples,
  type Validated,
  validate,
} from "./jobs.js";
import { planNorms } from "./norms.js";
import { checkFullBatch, type FinetuneSettings, type ResolvedSettings, resolveSettings } from "./settings.js";
import type { StepSettings } from "./shards.js";
import { StepUpdate } from "./update.js";

/** Progress of a run. */
export interface TrainingPosition {
  /** Current epoch, from 1. */
  readonly epoch: number;
  /** Number of steps done. */
  readonly step: number;
  /** Total steps of the run. */
  readonly steps: number;
}

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
   * model, which has the weights of that step.
   */
  readonly onProgress?: ((progress: FinetuneProgress) => void) | undefined;
  /** Ends the run after the current step; `ended.reason` is then "aborted". */
  readonly signal?: AbortSignal | undefined;
}

/** Result of one validation: the mean over the validation chips. */
export type Validation = {
  /** Number of steps done; 0 is the network before training. */
  readonly step: number;
} & Score;

/** Result of `finetune`. */
export interface FinetuneResult {
  /** All validations, in order. */
  readonly validations: readonly Validation[];
  /** The validation whose weights the model has. Null if it has those of the last step, after an abort before new weights were validated. */
  readonly best: Validation | null;
  /** Number of steps done. */
  readonly steps: number;
  /** Why the run ended. `message` gives details if it was aborted or diverged. */
  readonly ended: { readonly reason: "finished" | "aborted" | "diverged"; readonly message?: string };
  readonly settings: ResolvedSettings;
  /** Names of the values that the heads read; empty if the strategy has no heads. */
  readonly taps: readonly string[];
  /** With the setting `equalise`: what it did before the first step. */
  readonly equalised?: EqualiseResult;
  /** With `learnPeriphery`: the chip with what was learned, for evaluations of the best weights. */
  readonly chip?: ChipSpec;
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
interface Run extends Partial<CleanRun> {
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

function runTowardsLabels(options: FinetuneOptions, settings: ResolvedSettings): Run {
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

function runTowardsClean(options: FinetuneOptions, settings: ResolvedSettings): Run {
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
async function finetuneBound(options: FinetuneOptions, settings: ResolvedSettings, run: Run): Promise<FinetuneResult> {
  const { model, logits, normalisation, heads, training, validation, target, comparison, fixed } = run;
  checkFixedBatch(model, fixed, settings, training.count);
  if (settings.dropLast) checkFullBatch(settings.batch, training.count);
  const { gamma = [], deltaSigma = [] } = settings.strategy;
  checkGamma(gamma, heads.length + deltaSigma.length);
  const frozen = frozenParameters(model, settings.freeze ?? []);
  const norms = planNorms(model, settings, frozen, training.count, fixed?.batch);
  const names = { frozen: [...frozen], frozenNorms: norms.frozen };
  const plain = { ...settings, ...names, logits, heads, normalisation, target, fixedBatch: fixed?.batch };
  const { dtype } = model.inputs[0]!;
  const warnings = [...imageWarnings(options.data, normalisation, dtype), ...norms.warnings, ...warningsOf(model)];
  const { workers, signal, onProgress } = options;
  const hold = holdModel(model, "write", "finetune");
  const watched = {
    ...options,
    model,
    onProgress: onProgress && ((progress: FinetuneProgress) => hold.allowPeek(() => onProgress(progress))),
  };
  let isWaiting = true;
  let equalised: EqualiseResult | undefined;
  try {
    if (settings.equalise) {
      const position = { epoch: 1, step: 0, steps: stepsOf(settings, training.count).all };
      const report = (progress: EqualiseProgress): void => onProgress?.({ kind: "equalise", ...progress, ...position });
      equalised = await equaliseFirst({ ...options, inputs: run.inputs, onProgress: report }, settings);
    }
    return await withLease(workers, signal, async (lent) => {
      isWaiting = false;
      const step = { ...plain, learned: learnedLayers(model, training, plain) };
      const work = startJobs({ model, training, validation, comparison, workers: lent }, step, settings.shards);
      try {
        const result = await train(watched, settings, work, training.count, frozen);
        return { ...result, ...(equalised && { equalised }), warnings };
      } finally {
        work.close();
      }
    });
  } catch (error) {
    if (!isWaiting || !signal?.aborted) throw error;
    const ended = { reason: "aborted", message: "aborted before the first step" } as const;
    const nothing = { validations: [], best: null, steps: 0, ended, settings, taps: heads.map(({ tap }) => tap) };
    return { ...nothing, ...(equalised && { equalised }), warnings };
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
function stepsOf(
  { batch, epochs, dropLast }: ResolvedSettings,
  samples: number,
): { readonly perEpoch: number; readonly all: number } {
  const perEpoch = dropLast ? Math.floor(samples / batch) : Math.ceil(samples / batch);
  return { perEpoch, all: epochs * perEpoch };
}

/** The training loop: steps, validations, and the end of the run. */
async function train(
  options: FinetuneOptions,
  settings: ResolvedSettings,
  work: RunJobs,
  samples: number,
  frozen: ReadonlySet<string>,
): Promise<Omit<FinetuneResult, "warnings">> {
  const { model, signal, onProgress } = options;
  const { batch, epochs, seed, shards, learningRate } = settings;
  const {
    trained,
    settings: { fixedBatch },
  } = work.state;
  const optimiser = optimiserNamed(settings.optimiser).start(trained, settings.optimiser);
  const update = new StepUpdate(model, trained, optimiser);
  const schedule = scheduleNamed(settings.schedule);
  const modifiers = activeModifiers(settings, frozen);
  const check = watchLoss();
  const { perEpoch: stepsPerEpoch, all: steps } = stepsOf(settings, samples);
  const every = settings.validation.every ?? stepsPerEpoch;
  const all = [...model.parameters.values()];
  const validations: Validation[] = [];
  let best: Validation | null = null;
  let measured: Omit<Validated, "score"> = {};
  let calibration: Calibration | undefined;
  let bestWeights = readWeights(all);
  let step = 0;

  const position = (): TrainingPosition => ({
    epoch: Math.min(epochs, Math.floor(step / stepsPerEpoch) + 1),
    step,
    steps,
  });
  const validateNow = async (at: TrainingPosition): Promise<void> => {
    const validated = await validate(work, model, settings, signal);
    const { score, ...rest } = validated;
    // The clean network doesn't change: every validation gives the same powers.
    measured = rest;
    const isBest = best === null || isBetter(score, best);
    validations.push({ step, ...score });
    if (isBest) {
      best = { step, ...score };
      bestWeights = readWeights(all);
      calibration = measured.calibration;
    }
    onProgress?.({ kind: "validation", isBest, ...score, ...at });
  };
  const finish = (ended: FinetuneResult["ended"]): Omit<FinetuneResult, "warnings"> => {
    // After an abort before new weights were validated, keep them: restoring the old ones would lose all steps.
    const keepsLast = ended.reason === "aborted" && validations.length <= 1 && step > 0;
    if (!keepsLast) writeWeights(all, bestWeights);
    const taps = work.state.settings.heads.map(({ tap }) => tap);
    return {
      validations,
      best: keepsLast ? null : best,
      steps: step,
      ended,
      settings,
      taps,
      ...(calibration && { chip: { ...chipOf(settings, settings.sigma), calibration } }),
    };
  };

  try {
    await validateNow(position());
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = permutation(stream(seed, { purpose: purposes.shuffle, step: epoch }), samples);
      for (let inEpoch = 0; inEpoch < stepsPerEpoch; inEpoch++) {
        const at = { epoch: epoch + 1, steps };
        const indices = order.slice(inEpoch * batch, (inEpoch + 1) * batch);
        const jobs = shardJobs(indices, step, shards, work.handOver(), measured, fixedBatch);
        update.begin(indices.length);
        await work.gradients(jobs, (shard, result) => update.take(shard, result), signal);
        const rate = learningRate * schedule.factor({ step, steps, stepsPerEpoch }, settings.schedule);
        const loss = update.loss();
        const problem = check(loss);
        const where = (problem: string): string =>
          `epoch ${at.epoch}, step ${step + 1}: ${problem}; try a lower learning rate or sigma`;
        if (problem) return finish({ reason: "diverged", message: where(problem) });
        update.apply(rate);
        for (const modify of modifiers) modify(model);
        if (!areFinite(trained))
          return finish({
            reason: "diverged",
            message: where("expected finite weights after the step, got NaN or infinity"),
          });
        step++;
        onProgress?.({ kind: "step", loss, learningRate: rate, ...at, step });
        if (step % every === 0 || step === steps) await validateNow({ ...at, step });
      }
    }
    return finish({ reason: "finished" });
  } catch (error) {
    if (signal?.aborted) return finish({ reason: "aborted", message: `aborted after step ${step} of ${steps}` });
    writeWeights(all, bestWeights);
    throw error;
  } finally {
    update.dispose();
    optimiser.dispose();
  }
}

/** Whether all values are finite. The variation is scaled by max|W|, which must be finite. */
function areFinite(tensors: readonly Tensor[]): boolean {
  return tensors.every((tensor) => Number.isFinite(maxAbs(tensor)));
}
