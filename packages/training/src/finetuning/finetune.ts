import { checkForm, type Dataset, imageWarnings, snapshot, split } from "@neft/data";
import {
  type BoundNetwork,
  bindNetwork,
  type NetworkAndData,
  readWeights,
  withLease,
  writeWeights,
} from "@neft/evaluation";
import { holdModel, type Model, warningsOf } from "@neft/model";
import { inWords, OptionError } from "@neft/options";
import { maxAbs, permutation, stream, type Tensor } from "@neft/tensor";
import { checkGamma } from "../feedback-loss.js";
import { planHeads } from "../heads.js";
import { activeModifiers } from "../modifiers.js";
import { optimiserNamed } from "../optimisers.js";
import { scheduleNamed } from "../schedules.js";
import { strategyNamed } from "../strategies.js";
import { purposes } from "../streams.js";
import { chooseTaps, namedTaps } from "../taps.js";
import type { Workers } from "../worker.js";
import { watchLoss } from "./divergence.js";
import { frozenParameters } from "./frozen.js";
import { type RunJobs, shardJobs, startJobs, validate } from "./jobs.js";
import { planNorms } from "./norms.js";
import { type FinetuneSettings, type ResolvedSettings, resolveSettings } from "./settings.js";
import { StepUpdate } from "./update.js";

/** Where a run is. */
export interface TrainingPosition {
  /** From 1. */
  readonly epoch: number;
  /** Steps made so far. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly steps: number;
}

/** What a run tells as it goes. */
export type FinetuneProgress =
  | ({ readonly kind: "step"; readonly loss: number; readonly learningRate: number } & TrainingPosition)
  | ({ readonly kind: "validation"; readonly accuracy: number; readonly isBest: boolean } & TrainingPosition);

export interface FinetuneOptions extends FinetuneSettings, NetworkAndData {
  /** Trained in place; holds the best weights at the end. */
  readonly model: Model;
  /** Chooses the best weights; held out of `data` where left out. */
  readonly validationData?: Dataset | undefined;
  /**
   * Workers to share the shards and the validation's chips among; this thread does all where left out. The result is the same. Calls
   * with the same workers take turns, each for as long as it goes on.
   */
  readonly workers?: Workers | undefined;
  /** Told of each step and validation. The model can be run and exported in it; it has the weights of the step then. */
  readonly onProgress?: ((progress: FinetuneProgress) => void) | undefined;
  /** Ends the run after the step under way; the result says so. */
  readonly signal?: AbortSignal | undefined;
}

export interface Validation {
  /** Steps made before it; 0 is the network as it was given. */
  readonly step: number;
  /** Mean accuracy over the validation chips, in percent. */
  readonly accuracy: number;
}

export interface FinetuneResult {
  /** All validations, in order. */
  readonly validations: readonly Validation[];
  /** Whose weights the model holds; null for those of the last step, where the run was aborted before its first validation. */
  readonly best: Validation | null;
  /** Steps made. */
  readonly steps: number;
  /** Why the run ended, with a message where it wasn't by finishing. */
  readonly ended: { readonly reason: "finished" | "aborted" | "diverged"; readonly message?: string };
  readonly settings: ResolvedSettings;
  /** The values that heads read, where the strategy has heads. */
  readonly taps: readonly string[];
  /** What may make the numbers other than expected, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Finetunes a network for chips whose devices vary.
 *
 * Every step: the batch is cut into `shards`, the strategy's loss of each goes backward through weights that vary, gradients
 * are added up in shard order weighted by size, the optimiser steps. The weights with the best mean accuracy on the
 * validation chips win; those the run started with take part. The same settings and seed give the same weights to the last
 * bit, whatever the workers.
 *
 * A loss that is no number or runs away ends the run with the best weights so far; so does an abort, but that before the
 * first validation of new weights it keeps those of the last step.
 * @throws {RangeError} for settings out of range or data that doesn't fit the network.
 * @throws {Error} when another call uses the model. Meanwhile nothing else can use it.
 */
export async function finetune(options: FinetuneOptions): Promise<FinetuneResult> {
  checkForm(options.data);
  const settings = structuredClone(resolveSettings(options, options.data.count));
  const network = bindNetwork(options);
  try {
    checkTrainable(network);
    checkValidationData(options, network);
    return await finetuneBound({ ...options, model: network.model }, settings, network);
  } finally {
    network.dispose();
  }
}

async function finetuneBound(
  options: FinetuneOptions,
  settings: ResolvedSettings,
  network: BoundNetwork,
): Promise<FinetuneResult> {
  const { logits, normalisation, model } = network;
  const { training, validation } = splitData(options, settings);
  if (settings.dropLast && training.count < settings.batch) {
    throw new OptionError({
      option: "batch",
      expected: `at most the ${training.count} samples there are for training`,
      got: String(settings.batch),
    });
  }
  const heads = planAllHeads(network, settings);
  const { gamma = [], deltaSigma = [] } = settings.strategy;
  checkGamma(gamma, heads.length + deltaSigma.length);
  const frozen = frozenParameters(model, settings.freeze ?? []);
  const norms = planNorms(model, settings, frozen, training.count);
  const step = { ...settings, logits, heads, normalisation, frozen: [...frozen], frozenNorms: norms.frozen };
  const { dtype } = model.inputs[0]!;
  const warnings = [...imageWarnings(options.data, normalisation, dtype), ...norms.warnings, ...warningsOf(model)];
  const { workers, signal, onProgress } = options;
  const hold = holdModel(model, "write", "finetune");
  const watched = {
    ...options,
    onProgress: onProgress && ((progress: FinetuneProgress) => hold.allowPeek(() => onProgress(progress))),
  };
  let isWaiting = true;
  try {
    return await withLease(workers, signal, async (lent) => {
      isWaiting = false;
      const work = startJobs({ model, training, validation, workers: lent }, step, settings.shards);
      try {
        return { ...(await train(watched, settings, work, training.count, frozen)), warnings };
      } finally {
        work.close();
      }
    });
  } catch (error) {
    if (!isWaiting || !signal?.aborted) throw error;
    const ended = { reason: "aborted", message: "aborted before the first step" } as const;
    return { validations: [], best: null, steps: 0, ended, settings, taps: heads.map(({ tap }) => tap), warnings };
  } finally {
    hold.release();
  }
}

/** @throws {RangeError} naming the node for which a loss of a whole batch's class scores can't be had. */
function checkTrainable({ model, fixed, warnings }: BoundNetwork): void {
  if (fixed) {
    throw new RangeError(
      `model ${inWords(model.name)}: expected a network that takes any batch for finetuning, got a batch fixed at ${fixed.batch} (${fixed.reason}); export it with a batch axis that is free`,
    );
  }
  const [problem] = warnings;
  if (problem) throw new RangeError(`${problem}; export the network without it for finetuning`);
}

/** Samples that choose the weights are those of training in shape, for one graph reads both. */
function checkValidationData(options: FinetuneOptions, { model }: BoundNetwork): void {
  if (!options.validationData) return;
  const other = bindNetwork({ ...options, data: options.validationData });
  const [expected, got] = [model, other.model].map(({ inputs }) => inputs[0]!.shape.slice(1).join(", "));
  other.dispose();
  if (expected !== got) {
    throw new RangeError(`validation data: expected samples that the network reads as [${expected}], got [${got}]`);
  }
}

function splitData(
  { data, validationData }: FinetuneOptions,
  { validation, seed }: ResolvedSettings,
): { training: Dataset; validation: Dataset } {
  if (validationData) return { training: snapshot(data), validation: snapshot(validationData) };
  const { images } = validation;
  // Of a single sample none can be held out, whatever the option says: that is split's error.
  if (data.count > 1 && images >= data.count) {
    throw new OptionError({
      option: "validation.images",
      expected: `fewer than the ${data.count} samples there are`,
      got: String(images),
    });
  }
  return split(data, images, stream(seed, { purpose: purposes.split }));
}

function planAllHeads(
  { model, scores, added, classes }: BoundNetwork,
  { strategy: { id, taps, sizes = [], hidden = 0 } }: ResolvedSettings,
) {
  if (!strategyNamed(id).hasHeads) return [];
  const features = taps ? namedTaps(model, taps, added) : chooseTaps(model, new Set([...scores, ...added]));
  return planHeads(features, { sizes, hidden, classes });
}

async function train(
  options: FinetuneOptions,
  settings: ResolvedSettings,
  work: RunJobs,
  samples: number,
  frozen: ReadonlySet<string>,
): Promise<Omit<FinetuneResult, "warnings">> {
  const { model, signal, onProgress } = options;
  const { batch, epochs, seed, shards, learningRate, dropLast } = settings;
  const { trained } = work.state;
  const optimiser = optimiserNamed(settings.optimiser).start(trained, settings.optimiser);
  const update = new StepUpdate(model, trained, optimiser);
  const schedule = scheduleNamed(settings.schedule);
  const modifiers = activeModifiers(settings, frozen);
  const check = watchLoss();
  const stepsPerEpoch = dropLast ? Math.floor(samples / batch) : Math.ceil(samples / batch);
  const steps = epochs * stepsPerEpoch;
  const every = settings.validation.every ?? stepsPerEpoch;
  const all = [...model.parameters.values()];
  const validations: Validation[] = [];
  let best: Validation | null = null;
  let bestWeights = readWeights(all);
  let step = 0;

  const position = (): TrainingPosition => ({
    epoch: Math.min(epochs, Math.floor(step / stepsPerEpoch) + 1),
    step,
    steps,
  });
  const validateNow = async (at: TrainingPosition): Promise<void> => {
    const accuracy = await validate(work, model, settings, signal);
    const isBest = best === null || accuracy > best.accuracy;
    validations.push({ step, accuracy });
    if (isBest) {
      best = { step, accuracy };
      bestWeights = readWeights(all);
    }
    onProgress?.({ kind: "validation", accuracy, isBest, ...at });
  };
  const finish = (ended: FinetuneResult["ended"]): Omit<FinetuneResult, "warnings"> => {
    // An abort before new weights were validated: hours of steps are worth more than the certainty of the old ones.
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
    };
  };

  try {
    await validateNow(position());
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = permutation(stream(seed, { purpose: purposes.shuffle, step: epoch }), samples);
      for (let inEpoch = 0; inEpoch < stepsPerEpoch; inEpoch++) {
        const at = { epoch: epoch + 1, steps };
        const indices = order.slice(inEpoch * batch, (inEpoch + 1) * batch);
        const jobs = shardJobs(indices, step, shards, work.handOver());
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
          return finish({ reason: "diverged", message: where("expected finite weights after the step, got others") });
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

/** Whether no weight is NaN or infinite: what a variation's scale, max|W|, has to be. */
function areFinite(tensors: readonly Tensor[]): boolean {
  return tensors.every((tensor) => Number.isFinite(maxAbs(tensor)));
}
