import type { BatchStatistics, Model } from "@neft/model";
import { type GivenOf, resolve, type Settings } from "@neft/options";
import type { Tensor } from "@neft/tensor";
import type { TrainingPosition } from "./position.js";

/** A run, as modifiers see it. */
export interface ModifiedRun {
  readonly model: Model;
  /** Names of parameters that must not change. */
  readonly frozen: ReadonlySet<string>;
  /** All that a run changes: the network's parameters, then those of heads and of the periphery. */
  readonly tensors: readonly Tensor[];
  /** Whether the run updates running statistics of batch normalisations. */
  readonly hasMovingNorms: boolean;
  /** Where the run is, with `step` steps done. */
  position(): TrainingPosition;
  /**
   * Batch statistics of one batch of training samples on a chip at `sigma`, without a change of the model. The same index has the same samples and the
   * same draw at any step.
   */
  noisyStatistics(index: number, signal: AbortSignal | undefined): Promise<readonly BatchStatistics[]>;
}

/** What a modifier does in one run. */
export interface ModifierHooks {
  /** Changes the gradients of a step in place, before the optimiser reads them. */
  beforeUpdate?(gradients: readonly Tensor[]): void;
  /** Changes the weights in place, after the optimiser's step. */
  afterStep?(): void;
  /**
   * Changes the weights that are about to be validated, or kept at an early end, in place. The run then goes on with those from before. Without
   * this hook, weights are validated as they are.
   */
  candidate?(signal: AbortSignal | undefined): void | Promise<void>;
  /** A copy of its state. Default: it has none. */
  read?(): readonly Float32Array[];
  /** Continues from a state that `read` returned. */
  write?(state: readonly Float32Array[]): void;
  dispose?(): void;
}

/** A change of a run that any strategy takes: a row of `modifiers`. */
export interface Modifier<Rows extends Settings = Settings> {
  /** Name of the setting that turns it on. */
  readonly id: string;
  /** Description in one line. */
  readonly summary: string;
  /** Where the method is from; undefined for one that isn't published. */
  readonly source?: string;
  /** Passes through the network that it adds, in words: "1 forward pass a step". */
  readonly cost: string;
  /** Its settings, the one that turns it on among them. */
  readonly settings: Rows;
  /** Begins a run. `settings` are resolved. Default: it changes no weights. */
  start?(run: ModifiedRun, settings: GivenOf<Rows>): ModifierHooks;
  /** Makes its term of the loss, which every shard of a step adds. `settings` are resolved. Default: it adds none. */
  term?(settings: GivenOf<Rows>): LossTerm;
}

/**
 * A term of a step's loss, a scalar.
 *
 * @param outputs  Outputs of the first of the strategy's passes whose gradients are still to come; of those, one without an offset if there is one.
 * @param teacher  The same outputs of the network before finetuning.
 */
export type LossTerm = (outputs: readonly Tensor[], teacher: readonly Tensor[]) => Tensor;

/** A modifier as the table holds it. Its functions return undefined if settings don't turn it on, or it does nothing there. */
export interface TableModifier<Rows extends Settings = Settings> extends Omit<Modifier<Rows>, "start" | "term"> {
  /** @throws {OptionError} for a setting out of range. */
  start(run: ModifiedRun, settings: object): ModifierHooks | undefined;
  /** @throws {OptionError} for a setting out of range. */
  term(settings: object): LossTerm | undefined;
}

/** Makes a modifier from its definition. */
export function defineModifier<const Rows extends Settings>(row: Modifier<Rows>): TableModifier<Rows> {
  const settingsOf = (given: object): GivenOf<Rows> | undefined => {
    const own = resolve(row.settings, given as GivenOf<Rows>) as Readonly<Record<string, unknown>>;
    return own[row.id] === undefined || own[row.id] === false ? undefined : (own as GivenOf<Rows>);
  };
  return {
    ...row,
    start: (run, given) => {
      const settings = settingsOf(given);
      return settings && row.start?.(run, settings);
    },
    term: (given) => {
      const settings = settingsOf(given);
      return settings && row.term?.(settings);
    },
  };
}
