import { type Calibration, chipOf } from "@neft/crossbar";
import { rangesFor, readWeights, writeWeights } from "@neft/evaluation";
import { maxAbs, permutation, stream, type Tensor } from "@neft/tensor";
import { nextTurn } from "@neft/work";
import type { EqualiseResult } from "../equalise/equalise.js";
import type { ModifiedRun, ModifierHooks } from "../modifier.js";
import { startModifiers } from "../modifiers.js";
import { type OptimiserState, optimiserNamed } from "../optimisers.js";
import { positionAfter, positionBefore, type RunLength, type TrainingPosition } from "../position.js";
import { scheduleNamed } from "../schedules.js";
import type { Passes } from "../strategy.js";
import { purposes } from "../streams.js";
import { divergenceOf, type LossWatch, startOfWatch, watchLoss } from "./divergence.js";
import type { FinetuneOptions, FinetuneResult } from "./finetune.js";
import { isBetter, type RunJobs, shardJobs, trainingSamples, validate } from "./jobs.js";
import { type BestWeights, checkArrays, checkRunState, type RunState, type Validation } from "./run-state.js";
import type { ResolvedSettings } from "./settings.js";
import { noisyStatistics } from "./shards.js";
import { StepUpdate } from "./update.js";

/** What a run is made of. */
export interface RunParts {
  readonly options: Pick<FinetuneOptions, "model" | "signal" | "onProgress" | "onCheckpoint" | "checkpointEvery">;
  readonly settings: ResolvedSettings;
  readonly work: RunJobs;
  readonly length: RunLength;
  /** Numbers of samples. */
  readonly samples: RunState["samples"];
  /** Names of parameters that don't train. */
  readonly frozen: ReadonlySet<string>;
  /** Whether running statistics of batch normalisations are updated. */
  readonly hasMovingNorms: boolean;
  readonly equalised: EqualiseResult | undefined;
}

/** A result without what is known before the run. */
export type RunResult = Omit<FinetuneResult, "warnings" | "equalised">;

/** Steps between two checkpoints, if callers don't choose. */
const defaultCheckpointEvery = 100;

/** One finetuning: everything that changes from step to step. Between two steps, `read` gives all of it as plain data. */
export class TrainingRun {
  readonly #parts: RunParts;
  /** The network's parameters. */
  readonly #network: readonly Tensor[];
  /** All that changes: the network's parameters, then those of heads and periphery. */
  readonly #tensors: readonly Tensor[];
  readonly #initial: readonly Float32Array[];
  readonly #optimiser: OptimiserState;
  readonly #update: StepUpdate;
  readonly #modifiers: ReadonlyMap<string, ModifierHooks>;
  #step = 0;
  #passes: Passes = { forward: 0, backward: 0 };
  #validations: Validation[] = [];
  #best: BestWeights | null = null;
  #measured: RunState["measured"] = {};
  #watch: LossWatch = startOfWatch;
  /** Order of the samples in an epoch. */
  #order: { readonly epoch: number; readonly indices: Uint32Array } | undefined;

  /** The model has the weights before the first step. */
  constructor(parts: RunParts) {
    const { options, settings, work } = parts;
    const { model } = options;
    const { trained } = work.state;
    this.#parts = parts;
    this.#network = [...model.parameters.values()];
    const own = new Set(this.#network);
    this.#tensors = [...this.#network, ...trained.filter((tensor) => !own.has(tensor))];
    this.#initial = valuesOf(this.#network);
    this.#optimiser = optimiserNamed(settings.optimiser).start(trained, settings.optimiser);
    this.#update = new StepUpdate(model, trained, this.#optimiser);
    this.#modifiers = startModifiers(this.#modified(), settings);
  }

  /** Everything that a continued run needs. */
  read(): RunState {
    const { settings, samples, equalised } = this.#parts;
    const states = [...this.#modifiers].flatMap(([id, { read }]) => (read ? [[id, read()] as const] : []));
    return {
      settings,
      samples,
      step: this.#step,
      passes: this.#passes,
      initial: this.#initial,
      weights: valuesOf(this.#tensors),
      optimiser: this.#optimiser.read(),
      modifiers: Object.fromEntries(states),
      validations: [...this.#validations],
      best: this.#best,
      measured: this.#measured,
      watch: this.#watch,
      ...(equalised && { equalised }),
    };
  }

  /**
   * Continues from a state.
   * @throws {RangeError} if it is of another run.
   */
  write(given: RunState): void {
    const state = structuredClone(given);
    checkRunState(state, { ...this.#parts, steps: this.#parts.length.steps });
    checkArrays("weights", state.weights, this.#tensors);
    if (state.best) checkArrays("best.weights", state.best.weights, this.#network);
    checkArrays("optimiser.moments", state.optimiser.moments, this.#optimiser.read().moments);
    for (const [id, { read }] of this.#modifiers)
      checkArrays(`modifiers.${id}`, state.modifiers[id] ?? [], read?.() ?? []);
    writeWeights(this.#tensors, state.weights);
    this.#optimiser.write(state.optimiser);
    for (const [id, { write }] of this.#modifiers) write?.(state.modifiers[id]!);
    this.#step = state.step;
    this.#passes = state.passes;
    this.#validations = [...state.validations];
    this.#best = state.best;
    this.#measured = state.measured;
    this.#watch = state.watch;
  }

  /** Steps and validations up to the end of the run. Validations are due before the first step, every so many steps, and at the end. */
  async finish(): Promise<RunResult> {
    const { options, length } = this.#parts;
    const { signal } = options;
    try {
      for (;;) {
        if (this.#isValidationDue()) await this.#validate();
        if (this.#step === length.steps) return await this.#result({ reason: "finished" });
        const problem = await this.#takeStep();
        if (problem) return await this.#result({ reason: "diverged", message: problem });
        this.#checkpoint();
      }
    } catch (error) {
      if (signal?.aborted)
        return await this.#result({
          reason: "aborted",
          message: `aborted after step ${this.#step} of ${length.steps}`,
        });
      writeWeights(this.#network, this.#best?.weights ?? this.#initial);
      throw error;
    }
  }

  /** Frees all but the model. */
  dispose(): void {
    this.#update.dispose();
    this.#optimiser.dispose();
    for (const hooks of this.#modifiers.values()) hooks.dispose?.();
  }

  /** What modifiers see. */
  #modified(): ModifiedRun {
    const { options, settings, work, samples, frozen, hasMovingNorms } = this.#parts;
    const { model } = options;
    const spec = chipOf(settings, settings.sigma);
    return {
      model,
      frozen,
      tensors: this.#tensors,
      hasMovingNorms,
      position: () => this.#position(),
      noisyStatistics: async (index, signal) => {
        await nextTurn();
        signal?.throwIfAborted();
        this.#passes = sum(this.#passes, { forward: 1, backward: 0 });
        const key = stream(settings.seed, { purpose: purposes.recalibration, index });
        const indices = permutation(key, samples.training).slice(0, batchOfRun(settings.batch, samples.training, work));
        const ranges = rangesFor(spec, model, trainingSamples(work.state, settings.calibrationSamples));
        return noisyStatistics(work.state, indices, index, ranges);
      },
    };
  }

  #position(): TrainingPosition {
    return positionAfter(this.#parts.length, this.#step);
  }

  #isValidationDue(): boolean {
    const { settings, length } = this.#parts;
    const every = settings.validation.every ?? length.perEpoch;
    const isDue = this.#step % every === 0 || this.#step === length.steps;
    return isDue && this.#validations.at(-1)?.step !== this.#step;
  }

  async #validate(): Promise<void> {
    const { options, settings, work } = this.#parts;
    const { model, signal, onProgress } = options;
    const weights = await this.#makeCandidate(signal);
    try {
      const { score, calibration, powers, ranges } = await validate(work, model, settings, signal);
      // The clean network doesn't change: every validation gives the same powers.
      this.#measured = { powers, ranges };
      const validation = { step: this.#step, ...score };
      const isBest = this.#best === null || isBetter(score, this.#best.validation);
      this.#validations.push(validation);
      if (isBest) this.#best = { validation, weights: valuesOf(this.#network), calibration };
      onProgress?.({ kind: "validation", isBest, ...score, ...this.#position() });
    } finally {
      if (weights) writeWeights(this.#tensors, weights);
    }
  }

  /** Lets modifiers change the weights that are validated. @returns those of the run, to restore; undefined if nothing changed. */
  async #makeCandidate(signal: AbortSignal | undefined): Promise<readonly Float32Array[] | undefined> {
    const hooks = [...this.#modifiers.values()].filter(({ candidate }) => candidate);
    if (hooks.length === 0) return undefined;
    const weights = readWeights(this.#tensors);
    try {
      for (const { candidate } of hooks) await candidate!(signal);
    } catch (error) {
      writeWeights(this.#tensors, weights);
      throw error;
    }
    return weights;
  }

  /** One step. @returns a description of a divergence. */
  async #takeStep(): Promise<string | undefined> {
    const { options, settings, work, length } = this.#parts;
    const { batch, shards, learningRate, schedule } = settings;
    const { trained, settings: stepSettings } = work.state;
    const step = this.#step;
    const { epoch, steps } = positionBefore(length, step);
    const where = (problem: string): string =>
      `epoch ${epoch}, step ${step + 1}: ${problem}; try a lower learning rate or sigma`;
    const inEpoch = step % length.perEpoch;
    const indices = this.#samplesOf(epoch).slice(inEpoch * batch, (inEpoch + 1) * batch);
    const jobs = shardJobs(indices, step, shards, work.handOver(), this.#measured, stepSettings.fixedBatch);
    this.#update.begin(indices.length);
    await work.gradients(jobs, (shard, result) => this.#update.take(shard, result), options.signal);
    // No await from here on: a state is never read in the middle of a step.
    const position = { step, steps, stepsPerEpoch: length.perEpoch };
    const rate = learningRate * scheduleNamed(schedule).factor(position, schedule);
    const loss = this.#update.loss();
    this.#watch = watchLoss(this.#watch, loss);
    const problem = divergenceOf(this.#watch, loss);
    if (problem) return where(problem);
    for (const { beforeUpdate } of this.#modifiers.values()) beforeUpdate?.(this.#update.gradients);
    this.#update.apply(rate);
    if (!trained.every(areFinite)) return where("expected finite weights after the step, got NaN or infinity");
    this.#step++;
    this.#passes = sum(this.#passes, this.#update.passes());
    for (const { afterStep } of this.#modifiers.values()) afterStep?.();
    options.onProgress?.({ kind: "step", loss, learningRate: rate, ...this.#position() });
    return undefined;
  }

  #samplesOf(epoch: number): Uint32Array {
    if (this.#order?.epoch !== epoch) {
      const key = stream(this.#parts.settings.seed, { purpose: purposes.shuffle, step: epoch - 1 });
      this.#order = { epoch, indices: permutation(key, this.#parts.samples.training) };
    }
    return this.#order.indices;
  }

  #checkpoint(): void {
    const { onCheckpoint, checkpointEvery = defaultCheckpointEvery } = this.#parts.options;
    if (onCheckpoint && this.#step % checkpointEvery === 0) onCheckpoint(this.read());
  }

  async #result(ended: FinetuneResult["ended"]): Promise<RunResult> {
    const { settings, work } = this.#parts;
    const isAborted = ended.reason === "aborted";
    const state = isAborted ? this.read() : undefined;
    // After an abort before new weights were validated, keep them: restoring the old ones would lose all steps.
    const keepsLast = isAborted && this.#validations.length <= 1 && this.#step > 0;
    if (keepsLast) await this.#makeCandidate(undefined);
    else writeWeights(this.#network, this.#best?.weights ?? this.#initial);
    const calibration: Calibration | undefined = this.#best?.calibration;
    return {
      validations: this.#validations,
      best: keepsLast ? null : (this.#best?.validation ?? null),
      steps: this.#step,
      passes: this.#passes,
      ended,
      settings,
      taps: work.state.settings.heads.map(({ tap }) => tap),
      ...(calibration && { chip: { ...chipOf(settings, settings.sigma), calibration } }),
      ...(state && { state }),
    };
  }
}

/** Samples of a recalibrating batch: the step's, or all training samples if they are fewer, in whole runs of a fixed batch. */
function batchOfRun(batch: number, samples: number, { state }: RunJobs): number {
  const { fixedBatch = 1 } = state.settings;
  return Math.floor(Math.min(batch, samples) / fixedBatch) * fixedBatch;
}

const valuesOf = (tensors: readonly Tensor[]): Float32Array[] => tensors.map((tensor) => tensor.floats());

const sum = (a: Passes, b: Passes): Passes => ({ forward: a.forward + b.forward, backward: a.backward + b.backward });

/** Whether all values are finite. The variation is scaled by max|W|, which must be finite. */
const areFinite = (tensor: Tensor): boolean => Number.isFinite(maxAbs(tensor));
