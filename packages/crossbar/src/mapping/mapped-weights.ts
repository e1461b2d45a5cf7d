import { checkWithin } from "@neft/options";
import { mapCodes, mapFractions, recombineCells } from "@neft/tensor";
import { arrangementNamed } from "./arrangement.js";
import type { Mapping } from "./mapping-settings.js";
import { significances, slicingFactor } from "./significance.js";
import { checkMatrix, partsOf, scalesOf, type WeightMatrix } from "./weight-matrix.js";

/** A parameter's weights as codes and conductances. */
export interface MappedWeights {
  readonly mapping: Mapping;
  readonly outputs: number;
  readonly inputs: number;
  readonly layout: WeightMatrix["layout"];
  readonly outputOf?: WeightMatrix["outputOf"];
  /** S of the parameter [1], or of each output [outputs]. */
  readonly scales: Float64Array;
  /** Integers of M bits, [arm][element]; undefined when weights aren't quantised. */
  readonly codes: Uint16Array | undefined;
  /** The weights that the codes stand for; the given ones when they aren't quantised. [element] */
  readonly weights: Float32Array;
  /** Conductance of a cell that is off, relative to gMax. */
  readonly gMin: number;
  /** Target conductances relative to gMax, [arm][slice][element], in [gMin, 1]. */
  readonly target: Float32Array;
}

/** Number of arms and slices of a mapping; a parameter has arms × slices × elements cells. */
export function cellsPerWeight({ weightBits, bitsPerCell, arrangement }: Mapping): { arms: number; slices: number } {
  return {
    arms: arrangementNamed(arrangement).arms.length,
    slices: significances(weightBits, bitsPerCell).length,
  };
}

/**
 * Maps weights to the conductances of their cells. With u = w/S, an arm holds fraction(u) of its range: the code is
 * round(fraction·(2^M − 1)), its digits of K bits are the slices' conductances, g = gMin + (1 − gMin)·digit/(2^K − 1).
 *
 * @param gMin  1/(on/off ratio): conductance of digit 0, relative to gMax. In [0, 1).
 * @throws {RangeError} for weights that aren't finite, or a gMin out of range.
 */
export function mapWeights(matrix: WeightMatrix, mapping: Mapping, gMin = 0): MappedWeights {
  checkMatrix(matrix);
  checkWithin("gMin", gMin, { min: 0, below: 1 });
  const { values, outputs, inputs, layout, outputOf } = matrix;
  const scales = scalesOf(matrix, mapping.scale);
  const mapped = { mapping, outputs, inputs, layout, outputOf, scales, gMin };
  const { arms, bias } = arrangementNamed(mapping.arrangement);
  const given = { weights: values, scales, parts: partsOf(matrix, scales) };
  const { weightBits, bitsPerCell } = mapping;
  if (weightBits === null) {
    return { ...mapped, codes: undefined, weights: values.slice(), target: mapFractions(given, arms, gMin) };
  }
  const conductances = conductancesOfDigits(bitsPerCell, gMin);
  return { ...mapped, ...mapCodes(given, arms, { bias, bits: weightBits, digitBits: bitsPerCell, conductances }) };
}

/** Conductance of each digit of a cell, relative to gMax. */
function conductancesOfDigits(bitsPerCell: number, gMin: number): Float32Array {
  const most = 2 ** bitsPerCell - 1;
  return Float32Array.from({ length: most + 1 }, (_, digit) => gMin + ((1 - gMin) * digit) / most);
}

/**
 * The weights that conductances stand for. Equal to S·(bias + Σ_arm gain·Σ_i 2^{iK}(g_i − gMin)/((1 − gMin)·Σ_i 2^{iK})), computed as the
 * mapped weight and what the conductances' deviations from their targets add: without deviation, the mapped weights bit for bit.
 *
 * @param conductances  [arm][slice][element], relative to gMax.
 * @returns [element]
 */
export function recombine(mapped: MappedWeights, conductances: Float32Array): Float32Array<ArrayBuffer> {
  const { mapping, weights, scales, target, gMin } = mapped;
  const given = { weights, scales, parts: partsOf(mapped, scales) };
  return recombineCells(given, cellFactors(mapping, gMin), { conductances, target });
}

/** |w|/S of each weight, in [0, 1]: what levels are judged by where the whole weight decides. A part whose scale is 0 has 0. */
export function magnitudesOf(mapped: Omit<MappedWeights, "target" | "codes">): Float32Array<ArrayBuffer> {
  const { weights, scales } = mapped;
  const parts = partsOf(mapped, scales);
  const magnitudes = new Float32Array(weights.length);
  for (let i = 0; i < magnitudes.length; i++) {
    const scale = scales[parts === undefined ? 0 : parts[i]!]!;
    magnitudes[i] = scale === 0 ? 0 : Math.abs(weights[i]!) / scale;
  }
  return magnitudes;
}

/** What a weight of scale 1 changes by, per unit of each of its cells' conductances: ∂u/∂g, [arm][slice]. */
export function cellFactors({ weightBits, bitsPerCell, arrangement }: Mapping, gMin = 0): Float64Array {
  const powers = significances(weightBits, bitsPerCell);
  const range = (1 - gMin) * powers.reduce((sum, power) => sum + power, 0);
  const { arms } = arrangementNamed(arrangement);
  return Float64Array.from(arms.flatMap(({ gain }) => powers.map((power) => (gain * power) / range)));
}

/**
 * Standard deviation of a weight relative to S, per σ of a cell relative to gMax, when all its cells vary independently. With gMin = 0:
 * slicingFactor·√2 for a pair, of which both arms vary; slicingFactor·2 for an offset over [−S, S], whose reference doesn't vary.
 */
export function weightSigmaFactor({ weightBits, bitsPerCell, arrangement }: Mapping, gMin = 0): number {
  const { arms } = arrangementNamed(arrangement);
  const squares = arms.reduce((sum, { gain }) => sum + gain * gain, 0);
  return (Math.sqrt(squares) * slicingFactor(weightBits, bitsPerCell)) / (1 - gMin);
}
