import { checkWithin } from "@neft/options";
import { arrangementNamed } from "./arrangement.js";
import type { Mapping } from "./mapping-settings.js";
import { significances, slicingFactor } from "./significance.js";
import { checkMatrix, scaleIndex, scalesOf, type WeightMatrix } from "./weight-matrix.js";

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
    arms: arrangementNamed(arrangement).gains.length,
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
  const fractions = fractionsOf(matrix, mapping, scales);
  if (mapping.weightBits === null) {
    const target = new Float32Array(fractions.length);
    for (let i = 0; i < target.length; i++) target[i] = gMin + (1 - gMin) * fractions[i]!;
    return { ...mapped, codes: undefined, weights: values.slice(), target };
  }
  const most = 2 ** mapping.weightBits - 1;
  const codes = new Uint16Array(fractions.length);
  for (let i = 0; i < codes.length; i++) codes[i] = Math.round(fractions[i]! * most);
  return { ...mapped, codes, weights: weightsOfCodes(codes, mapped), target: conductancesOf(codes, mapping, gMin) };
}

/** Fractions of the range that the arms hold, [arm][element]. A part whose scale is 0 holds u = 0. */
function fractionsOf(matrix: WeightMatrix, { arrangement }: Mapping, scales: Float64Array): Float64Array {
  const { values } = matrix;
  const { gains, fraction } = arrangementNamed(arrangement);
  const partOf = scaleIndex(matrix, scales);
  const fractions = new Float64Array(gains.length * values.length);
  for (let arm = 0; arm < gains.length; arm++) {
    for (let i = 0; i < values.length; i++) {
      const scale = scales[partOf(i)]!;
      fractions[arm * values.length + i] = fraction(scale === 0 ? 0 : values[i]! / scale, arm);
    }
  }
  return fractions;
}

/** Conductances of the slices of codes, [arm][element] → [arm][slice][element]. */
function conductancesOf(codes: Uint16Array, mapping: Mapping, gMin: number): Float32Array {
  const { arms, slices } = cellsPerWeight(mapping);
  const { bitsPerCell } = mapping;
  const elements = codes.length / arms;
  const mostDigit = 2 ** bitsPerCell - 1;
  const conductanceOf = Float32Array.from(
    { length: mostDigit + 1 },
    (_, digit) => gMin + ((1 - gMin) * digit) / mostDigit,
  );
  const target = new Float32Array(codes.length * slices);
  for (let arm = 0; arm < arms; arm++) {
    for (let slice = 0; slice < slices; slice++) {
      const first = (arm * slices + slice) * elements;
      for (let i = 0; i < elements; i++) {
        const digit = (codes[arm * elements + i]! >> (slice * bitsPerCell)) & mostDigit;
        target[first + i] = conductanceOf[digit]!;
      }
    }
  }
  return target;
}

/** The weights that codes stand for: w = S·(bias + Σ_arm gain·code/(2^M − 1)). [arm][element] → [element] */
export function weightsOfCodes(
  codes: Uint16Array,
  matrix: Pick<MappedWeights, "mapping" | "outputs" | "inputs" | "layout" | "outputOf" | "scales">,
): Float32Array {
  const { mapping, scales } = matrix;
  const { gains, bias } = arrangementNamed(mapping.arrangement);
  const elements = codes.length / gains.length;
  const most = 2 ** (mapping.weightBits ?? 0) - 1;
  const partOf = scaleIndex(matrix, scales);
  const weights = new Float32Array(elements);
  for (let i = 0; i < elements; i++) {
    // Integers first: weights on the code grid come back exactly.
    let sum = bias * most;
    for (let arm = 0; arm < gains.length; arm++) sum += gains[arm]! * codes[arm * elements + i]!;
    weights[i] = (scales[partOf(i)]! * sum) / most;
  }
  return weights;
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
  const factors = cellFactors(mapping, gMin);
  const partOf = scaleIndex(mapped, scales);
  const elements = weights.length;
  const combined = new Float32Array(elements);
  for (let i = 0; i < elements; i++) {
    let deviation = 0;
    for (let cell = 0, at = i; cell < factors.length; cell++, at += elements) {
      deviation += factors[cell]! * (conductances[at]! - target[at]!);
    }
    // A zero keeps its sign.
    combined[i] = deviation === 0 ? weights[i]! : weights[i]! + scales[partOf(i)]! * deviation;
  }
  return combined;
}

/** |w|/S of each weight, in [0, 1]: what levels are judged by where the whole weight decides. A part whose scale is 0 has 0. */
export function magnitudesOf(mapped: Omit<MappedWeights, "target" | "codes">): Float32Array<ArrayBuffer> {
  const { weights, scales } = mapped;
  const partOf = scaleIndex(mapped, scales);
  const magnitudes = new Float32Array(weights.length);
  for (let i = 0; i < magnitudes.length; i++) {
    const scale = scales[partOf(i)]!;
    magnitudes[i] = scale === 0 ? 0 : Math.abs(weights[i]!) / scale;
  }
  return magnitudes;
}

/** What a weight of scale 1 changes by, per unit of each of its cells' conductances: ∂u/∂g, [arm][slice]. */
export function cellFactors({ weightBits, bitsPerCell, arrangement }: Mapping, gMin = 0): Float64Array {
  const powers = significances(weightBits, bitsPerCell);
  const range = (1 - gMin) * powers.reduce((sum, power) => sum + power, 0);
  const { gains } = arrangementNamed(arrangement);
  return Float64Array.from(gains.flatMap((gain) => powers.map((power) => (gain * power) / range)));
}

/**
 * Standard deviation of a weight relative to S, per σ of a cell relative to gMax, when all its cells vary independently. With gMin = 0:
 * slicingFactor·√2 for a pair, of which both arms vary; slicingFactor·2 for an offset over [−S, S], whose reference doesn't vary.
 */
export function weightSigmaFactor({ weightBits, bitsPerCell, arrangement }: Mapping, gMin = 0): number {
  const { gains } = arrangementNamed(arrangement);
  const squares = gains.reduce((sum, gain) => sum + gain * gain, 0);
  return (Math.sqrt(squares) * slicingFactor(weightBits, bitsPerCell)) / (1 - gMin);
}
