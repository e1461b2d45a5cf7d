/** Publication that a device's numbers are from. */
export interface Source {
  readonly cite: string;
  readonly doi?: string;
}

/** Programming without variation: a cell holds exactly the value written. */
export interface ExactProgramming {
  readonly kind: "exact";
}

/**
 * Programming variation by level. A value in [0, 1] is divided into four equal bins, one per level; each level has a relative standard
 * deviation. A value on the edge between two bins belongs to the outer level. The value is |w|/S where the whole weight is judged, as
 * in the reference, or a cell's own fraction of its range.
 */
export interface LevelProgramming {
  readonly kind: "levels";
  /** Relative standard deviations of the levels, lowest level first. The middle ones are equal, and the outer ones are equal. */
  readonly sigma: readonly [outer: number, middle: number, middle: number, outer: number];
  /**
   * Assumed share of the weights in each level; sums to 1. Standard deviations are divided by √(Σ share·sigma²), so that devices
   * with different levels are compared at the same mean variance.
   */
  readonly share: readonly [number, number, number, number];
}

/** Coefficients c_i of σ = Σ c_i·y^i in µS, lowest order first, at an age. */
export interface AgedCoefficients {
  /** Seconds since programming. */
  readonly t_s: number;
  readonly coefficients_uS: readonly number[];
}

/** A fitted σ(G): Σ c_i·y^i in µS with y = G/per_uS, at least 0. Outside the fitted range it is that of the nearest end. */
export interface PolynomialProgramming {
  readonly kind: "polynomial";
  /** c_0, c_1, …, in µS. */
  readonly coefficients_uS: readonly number[];
  /** Conductance that the polynomial's argument is relative to; 1 for an argument in µS. Default: gMax_uS. */
  readonly per_uS?: number;
  /** Age at which σ was measured, in seconds. Required with `later`. */
  readonly t_s?: number;
  /** σ at later ages. Such a device can be read at these ages and `t_s` only. */
  readonly later?: readonly AgedCoefficients[];
}

/** Measured points of σ(G), linear in between, and outside them that of the nearest end. */
export interface PointsProgramming {
  readonly kind: "points";
  /** Conductances in µS, increasing; at least two. */
  readonly g_uS: readonly number[];
  /** Standard deviations in µS, one for each conductance. */
  readonly sigma_uS: readonly number[];
}

/** Variation by a setting alone: the error is normal with the same σ everywhere, normal with σ·x, or uniform with σ everywhere. */
export interface NormalProgramming {
  readonly kind: "normal";
  readonly error: "independent" | "proportional" | "uniform";
}

export type Programming =
  | ExactProgramming
  | LevelProgramming
  | PolynomialProgramming
  | PointsProgramming
  | NormalProgramming;

/** constant + log·ln y, within [min, max]. */
export interface LogLine {
  readonly constant: number;
  /** Default: 0. */
  readonly log?: number;
  /** Default: no bound. */
  readonly min?: number;
  readonly max?: number;
}

/** Drift g·(t/t0)^−ν, t = t0 + seconds since programming. ν = |N(nu, sigmaNu²)| is drawn once for each cell, y of its target. */
export interface PowerLawDrift {
  readonly kind: "power-law";
  /** Time of the first read, in seconds. */
  readonly t0_s: number;
  readonly nu: LogLine;
  readonly sigmaNu: LogLine;
  /** y = G/per_uS. Default: gMax_uS. */
  readonly per_uS?: number;
}

/**
 * 1/f noise: each read of g adds N(0, (g·q)²·ln((t + tRead)/(2·tRead))), t = t0 + seconds since programming, with
 * q = min(most, factor/max(y^exponent, leastPower)), y of the conductance as programmed.
 */
export interface FlickerNoise {
  readonly kind: "flicker";
  readonly factor: number;
  readonly exponent: number;
  readonly leastPower: number;
  readonly most: number;
  /** Duration of a read, in seconds. */
  readonly tRead_s: number;
  readonly t0_s: number;
  /** y = G/per_uS. Default: gMax_uS. */
  readonly per_uS?: number;
}

/** Spread of devices that lasts: each has a gain with mean 1 and standard deviation `sigma`. */
export interface DeviceSpread {
  readonly distribution: "normal" | "lognormal";
  readonly sigma: number;
}

/** Conductances that a fit covers. */
export interface FittedRange {
  readonly min_uS: number;
  readonly max_uS: number;
}

/** A type of memory device, as plain data. Conductances x are relative to gMax; σ is in µS, or relative to gMax without `gMax_uS`. */
export interface Device {
  readonly id: string;
  /** One-line description. */
  readonly summary: string;
  readonly technology: string;
  /** Bits per cell; settings can override it. */
  readonly bitsPerCell: number;
  readonly source: Source;
  readonly programming: Programming;
  /** What σ is of and relative to, and by whose definition. */
  readonly sigmaDefinition?: string;
  /** Largest conductance. Required where σ is in µS. */
  readonly gMax_uS?: number;
  /** gMax/gMin. Default: gMin is 0. */
  readonly onOffRatio?: number;
  /** Conductances that the fit of σ covers; gMin and gMax lie within. Default: any, or the measured points'. */
  readonly fitted?: FittedRange;
  readonly drift?: PowerLawDrift;
  readonly readNoise?: FlickerNoise;
  readonly deviceToDevice?: DeviceSpread;
}
