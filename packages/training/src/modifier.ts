import type { Model } from "@neft/model";
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
  /** Where the run is, with `step` steps done. */
  position(): TrainingPosition;
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
  candidate?(): void;
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
  /** Its settings, the one that turns it on among them. */
  readonly settings: Rows;
  /** Begins a run. `settings` are resolved. */
  start(run: ModifiedRun, settings: GivenOf<Rows>): ModifierHooks;
}

/** A modifier as the table holds it. */
export interface TableModifier<Rows extends Settings = Settings> extends Omit<Modifier<Rows>, "start"> {
  /**
   * Begins a run.
   * @returns undefined if the settings don't turn it on.
   * @throws {OptionError} for a setting out of range.
   */
  start(run: ModifiedRun, settings: object): ModifierHooks | undefined;
}

/** Makes a modifier from its definition. */
export function defineModifier<const Rows extends Settings>(row: Modifier<Rows>): TableModifier<Rows> {
  return {
    ...row,
    start: (run, settings) => {
      const own = resolve(row.settings, settings as GivenOf<Rows>);
      const value = (own as Readonly<Record<string, unknown>>)[row.id];
      return value === undefined || value === false ? undefined : row.start(run, own as GivenOf<Rows>);
    },
  };
}
