import type { ResolvedOf, Settings } from "@neft/options";
import type { Device } from "../device/record.js";

/** The cells of one parameter, [arm][slice][element], element in the parameter's own order. Conductances relative to gMax. */
export interface Cells {
  /** What the cells are meant to hold, in [gMin, 1]. Effects don't change it. */
  readonly target: Float32Array;
  /** What they hold; effects change it in place. */
  readonly values: Float32Array;
  /** What they held after all effects of writing, for noise that follows it. Default: `values`. */
  readonly programmed?: Float32Array | undefined;
}

/** The device and its age. */
export interface DeviceState {
  readonly device: Device;
  /** Seconds since programming. 0: right after it. */
  readonly time_s: number;
}

/** What an effect depends on beside its settings. */
export interface EffectContext extends DeviceState {
  /** σ of one cell relative to its full scale, for devices whose record has no σ in µS. */
  readonly sigma: number;
  /** Factor of a σ that the record has in µS. Default: 1. */
  readonly sigmaScale?: number | undefined;
  /** |w|/S of each element, where the level of a whole weight decides. */
  readonly magnitudes?: Float32Array | undefined;
  /** Key of the effect's stream for this parameter and chip, or read; `part` names further, independent streams. */
  stream(part?: string): bigint;
}

/**
 * What effects count: pulses that wrote a cell, cells that no pulse brought within the tolerance, and cells that are stuck at gMax and at
 * gMin.
 */
export const effectCounts = ["writes", "unverified", "stuckOn", "stuckOff"] as const;

/** What an effect counted. */
export type EffectCounts = { readonly [Name in (typeof effectCounts)[number]]?: number };

/** What happens to the cells of a chip, as a row of the table of effects. */
export interface Effect<Rows extends Settings = Settings> {
  readonly id: string;
  /**
   * When it is drawn: "write" once a chip, "age" once a chip for every time (the same draws at each), "read" anew at every read.
   */
  readonly when: "write" | "age" | "read";
  /** Purpose of its stream. */
  readonly purpose: string;
  /** One line, for help. */
  readonly about: string;
  readonly settings: Rows;
  /** Checks settings and device before anything runs. @throws {RangeError} for what doesn't fit together. */
  check(settings: ResolvedOf<Rows>, state: DeviceState): void;
  /** Changes `cells.values` in place. Equal arguments give equal bits on every machine. */
  apply(cells: Cells, settings: ResolvedOf<Rows>, context: EffectContext): EffectCounts;
}

/** An effect that adds independent normal noise to the cells at each read. */
export interface ReadEffect<Rows extends Settings = Settings> extends Effect<Rows> {
  readonly when: "read";
  /**
   * Standard deviation of the noise of each cell, relative to gMax: what a sum of cells needs to draw its noise at once.
   */
  deviations(cells: Cells, settings: ResolvedOf<Rows>, state: DeviceState): Float32Array<ArrayBuffer>;
}

/** Returns its argument; makes TypeScript infer the type of the settings. */
export const defineEffect = <const Rows extends Settings, Row extends Effect<Rows>>(row: Row & Effect<Rows>): Row =>
  row;
