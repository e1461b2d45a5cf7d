import { call, f32, f64, u32, wasm, withBlocks } from "@neft/kernels";
import { inWords } from "@neft/options";

/** The standard deviation of a cell as a function of a conductance x, both relative to full scale. */
export type SigmaCurve =
  /** Σ cᵢ·xⁱ of x bounded to [least, most], lowest order first; never below 0. */
  | {
      readonly kind: "polynomial";
      readonly coefficients: readonly number[];
      readonly least: number;
      readonly most: number;
    }
  /** `middle` where ¼ < (x − off)/(1 − off) < ¾, else `outer`. */
  | { readonly kind: "levels"; readonly off: number; readonly outer: number; readonly middle: number }
  /** unit·(the line through points at scale·x), xs increasing; beyond them the value of the nearest one. */
  | {
      readonly kind: "points";
      readonly scale: number;
      readonly unit: number;
      readonly xs: readonly number[];
      readonly ys: readonly number[];
    };

/** constant + slope·l, bounded. */
export interface BoundedLine {
  readonly constant: number;
  readonly slope: number;
  readonly least: number;
  readonly most: number;
}

/** Largest magnitudes S of weights. */
export interface WeightScales {
  /** One for each part. */
  readonly scales: Float64Array;
  /** The part of each weight. Default: all are of the first. */
  readonly parts?: Uint32Array | undefined;
}

/** What an arm of a weight's cells holds of u = w/S: max(0, slope·u + shift) of its range; and the factor of that in u. */
export interface CellArm {
  readonly slope: number;
  readonly shift: number;
  readonly gain: number;
}

/** Cells of one call of a kernel: their arrays fit the caches, and they are whole noise blocks of 256. */
const partSize = 2 ** 14;

/** The parts [from, from + size) of n cells. */
function* partsOf(n: number): Generator<[from: number, size: number]> {
  for (let from = 0; from < n; from += partSize) yield [from, Math.min(partSize, n - from)];
}

/** Index of the noise block of 256 numbers that a part begins at. */
const blockOf = (from: number): number => from / 256;

const copyIn = (address: number, values: Float32Array, from: number, size: number): void =>
  f32(address, size).set(values.subarray(from, from + size));

const copyOut = (address: number, values: Float32Array, from: number, size: number): void =>
  values.set(f32(address, size), from);

/** @throws {RangeError} unless the arrays have as many values. */
function checkLengths(who: string, expected: number, arrays: Readonly<Record<string, { readonly length: number }>>) {
  for (const [name, { length }] of Object.entries(arrays)) {
    if (length !== expected) throw new RangeError(`${who}: ${name}: expected ${expected} values, got ${length}`);
  }
}

const kindNumbers = { polynomial: 0, levels: 1, points: 2 } as const;

/** A curve as numbers that kernels read: its kind, then its fields. */
function numbersOf(curve: SigmaCurve): Float64Array {
  const kind = kindNumbers[curve.kind];
  switch (curve.kind) {
    case "polynomial":
      return Float64Array.of(kind, curve.least, curve.most, ...curve.coefficients);
    case "levels":
      return Float64Array.of(kind, curve.off, curve.outer, curve.middle);
    default:
      return Float64Array.of(kind, curve.scale, curve.unit, ...curve.xs, ...curve.ys);
  }
}

/** σ at one conductance, as kernels compute it. */
export function sigmaOnCurve(curve: SigmaCurve, x: number): number {
  switch (curve.kind) {
    case "polynomial": {
      const bounded = Math.min(Math.max(x, curve.least), curve.most);
      return Math.max(
        0,
        curve.coefficients.reduceRight((sum, c) => sum * bounded + c, 0),
      );
    }
    case "levels": {
      const fraction = (x - curve.off) / (1 - curve.off);
      return fraction > 0.25 && fraction < 0.75 ? curve.middle : curve.outer;
    }
    default:
      return curve.unit * onLine(curve.xs, curve.ys, curve.scale * x);
  }
}

/** The value at x of the line through points with increasing places. */
function onLine(xs: readonly number[], ys: readonly number[], x: number): number {
  const above = xs.findIndex((one) => one >= x);
  if (above === -1) return ys.at(-1)!;
  if (above === 0) return ys[0]!;
  const share = (x - xs[above - 1]!) / (xs[above]! - xs[above - 1]!);
  return ys[above - 1]! + share * (ys[above]! - ys[above - 1]!);
}

/** How cells are written. */
export interface CellWriting {
  /** Stream of the errors. */
  readonly key: bigint;
  /** Whether errors are uniform, not normal. Both have mean 0 and standard deviation σ. */
  readonly isUniform: boolean;
  /** σ of what cells hold. */
  readonly sigma: SigmaCurve;
  /** σ of what is found when they are read back at once, for `errors`. Default: `sigma`. */
  readonly verified?: SigmaCurve | undefined;
  /** Conductances don't go below this. */
  readonly least: number;
  /** Filled with how far from its target each cell is found. */
  readonly errors?: Float64Array | undefined;
}

/**
 * values[i] ← max(least, target[i] + σ(judged[i])·z[i]), z the numbers of a stream.
 *
 * @param cells  `judged` may be shorter than the others, a divisor of their length: it is repeated.
 * @throws {RangeError} for arrays whose lengths differ.
 */
export function writeCells(
  cells: { readonly target: Float32Array; readonly judged: Float32Array; readonly values: Float32Array },
  { key, isUniform, sigma, verified = sigma, least, errors }: CellWriting,
): void {
  const { target, judged, values } = cells;
  const n = target.length;
  checkLengths("writeCells", n, { values, ...(errors && { errors }) });
  const period = judged.length;
  if (n % Math.max(1, period) !== 0 || (n > 0 && period === 0)) {
    throw new RangeError(`writeCells: judged: expected a divisor of ${n} values, got ${period}`);
  }
  const curves = [sigma, verified].map(numbersOf) as [Float64Array, Float64Array];
  const most = Math.min(n, partSize);
  const sizes = [4 * most, judged === target ? 0 : 4 * most, 4 * most, errors ? 8 * most : 0];
  withBlocks([...sizes, ...curves.map(({ byteLength }) => byteLength)], (...addresses) => {
    const [targetAt, judgedAt, valuesAt, errorsAt, sigmaAt, verifiedAt] = addresses as [
      ...[number, number, number, number, number, number],
    ];
    for (const [i, at] of [sigmaAt, verifiedAt].entries()) f64(at, curves[i]!.length).set(curves[i]!);
    for (const [from, size] of partsOf(n)) {
      copyIn(targetAt, target, from, size);
      if (judged !== target) copyRepeated(f32(judgedAt, size), judged, from);
      const count = call.writeCells({
        target: targetAt,
        judged: judged === target ? targetAt : judgedAt,
        values: valuesAt,
        n: size,
        errors: errors ? errorsAt : 0,
        sigma: sigmaAt,
        sigmaSize: curves[0].length,
        verified: verifiedAt,
        verifiedSize: curves[1].length,
        uniform: isUniform,
        least,
        key,
        first: blockOf(from),
      });
      wasm().writeCells(count);
      copyOut(valuesAt, values, from, size);
      errors?.set(f64(errorsAt, size), from);
    }
  });
}

/** Values from position `from` on of an array that is repeated. */
function copyRepeated(to: Float32Array, values: Float32Array, from: number): void {
  for (let done = 0; done < to.length; ) {
    const at = (from + done) % values.length;
    const part = values.subarray(at, at + to.length - done);
    to.set(part, done);
    done += part.length;
  }
}

/** A decay by a power of time. */
export interface CellDrift {
  readonly key: bigint;
  /** Factor of the targets, whose logarithm is l; at least 10⁻⁷ after it. */
  readonly factor: number;
  /** Mean exponent by l, and its standard deviation. */
  readonly nu: BoundedLine;
  readonly sigmaNu: BoundedLine;
  /** Factor of the exponents' magnitudes. */
  readonly scale: number;
  /** Logarithm of the time. */
  readonly logTime: number;
}

/**
 * values[i] ← max(0, values[i]·e^(scale·|ν|·logTime)), ν = nu(l) + sigmaNu(l)·z[i], l = ln(factor·target[i]).
 * @throws {RangeError} for arrays whose lengths differ.
 */
export function driftCells(target: Float32Array, values: Float32Array, how: CellDrift): void {
  const { key, factor, nu, sigmaNu, scale, logTime } = how;
  const n = target.length;
  checkLengths("driftCells", n, { values });
  const numbers = [nu, sigmaNu].flatMap(({ constant, slope, least, most }) => [constant, slope, least, most]);
  const most = Math.min(n, partSize);
  withBlocks([4 * most, 4 * most, 8 * numbers.length], (...addresses) => {
    const [targetAt, valuesAt, lines] = addresses as [number, number, number];
    f64(lines, numbers.length).set(numbers);
    for (const [from, size] of partsOf(n)) {
      copyIn(targetAt, target, from, size);
      copyIn(valuesAt, values, from, size);
      const first = blockOf(from);
      wasm().driftCells(
        call.driftCells({ target: targetAt, values: valuesAt, n: size, lines, factor, scale, logTime, key, first }),
      );
      copyOut(valuesAt, values, from, size);
    }
  });
}

/** Standard deviations of 1/f noise. */
export interface CellFlicker {
  /** Factor of the programmed conductances; at least 10⁻⁷ after it. */
  readonly factor: number;
  /** Their power. */
  readonly exponent: number;
  /** Factor of all deviations. */
  readonly growth: number;
  /** Largest relative deviation. */
  readonly most: number;
  /** Relative deviation where the power is 1, and the least power that counts. */
  readonly share: number;
  readonly least: number;
}

/**
 * values[i]·growth·min(most, share/max(p, least)) with p = (factor·programmed[i])^exponent.
 * @throws {RangeError} for arrays whose lengths differ.
 */
export function flickerDeviations(
  programmed: Float32Array,
  values: Float32Array,
  how: CellFlicker,
): Float32Array<ArrayBuffer> {
  const n = values.length;
  checkLengths("flickerDeviations", n, { programmed });
  const { factor, exponent, growth, most, share, least } = how;
  const numbers = { factor, exponent, growth, most, share, least };
  const deviations = new Float32Array(n);
  const bytes = 4 * Math.min(n, partSize);
  withBlocks([bytes, bytes, bytes], (...addresses) => {
    const [programmedAt, valuesAt, sigma] = addresses as [number, number, number];
    for (const [from, size] of partsOf(n)) {
      copyIn(programmedAt, programmed, from, size);
      copyIn(valuesAt, values, from, size);
      wasm().flickerCells(
        call.flickerCells({ programmed: programmedAt, values: valuesAt, sigma, n: size, ...numbers }),
      );
      copyOut(sigma, deviations, from, size);
    }
  });
  return deviations;
}

/**
 * values[i] ← max(0, values[i] + sigma[i]·z[i]), z the normal numbers of a stream.
 * @throws {RangeError} for arrays whose lengths differ.
 */
export function addCellNoise(values: Float32Array, sigma: Float32Array, key: bigint): void {
  const n = values.length;
  checkLengths("addCellNoise", n, { sigma });
  const bytes = 4 * Math.min(n, partSize);
  withBlocks([bytes, bytes], (...addresses) => {
    const [valuesAt, sigmaAt] = addresses as [number, number];
    for (const [from, size] of partsOf(n)) {
      copyIn(valuesAt, values, from, size);
      copyIn(sigmaAt, sigma, from, size);
      wasm().addNoise(key, blockOf(from), sigmaAt, valuesAt, size);
      copyOut(valuesAt, values, from, size);
    }
  });
}

/** Weights that are mapped to cells, and back. */
interface MappedCall extends WeightScales {
  readonly weights: Float32Array;
}

/** @throws {RangeError} unless each weight has a part that has a scale. */
function checkScales(who: string, { weights, scales, parts }: MappedCall): void {
  if (parts !== undefined) checkLengths(who, weights.length, { parts });
  // The kernel would stop at a part without a scale, and not say why.
  const wrong = parts === undefined ? (scales.length === 0 ? 0 : undefined) : parts.find((p) => p >= scales.length);
  if (wrong !== undefined) {
    throw new RangeError(`${who}: parts: expected some of the ${scales.length} scales, got ${inWords(wrong)}`);
  }
}

/** Runs a kernel for each part of the weights, with what is the same for all. */
function withWeights(
  { weights, scales, parts }: MappedCall,
  sizes: readonly number[],
  use: (part: {
    readonly from: number;
    readonly fields: {
      readonly weights: number;
      readonly n: number;
      readonly scales: number;
      readonly scalesSize: number;
      readonly parts: number;
    };
    readonly blocks: readonly number[];
  }) => void,
): void {
  const n = weights.length;
  const most = Math.min(n, partSize);
  withBlocks(
    [4 * most, parts ? 4 * most : 0, scales.byteLength, ...sizes.map((bytes) => bytes * most)],
    (...addresses) => {
      const [weightsAt, partsAt, scalesAt, ...blocks] = addresses as [number, number, number, ...number[]];
      f64(scalesAt, scales.length).set(scales);
      for (const [from, size] of partsOf(n)) {
        copyIn(weightsAt, weights, from, size);
        if (parts) u32(partsAt, size).set(parts.subarray(from, from + size));
        const given = { weights: weightsAt, n: size, parts: parts ? partsAt : 0 };
        use({ from, fields: { ...given, scales: scalesAt, scalesSize: scales.length }, blocks });
      }
    },
  );
}

const armNumbers = (arms: readonly CellArm[]): number[] =>
  arms.flatMap(({ slope, shift, gain }) => [slope, shift, gain]);

/** How fractions become digits. */
export interface CellCodes {
  /** What is added to u digitally. */
  readonly bias: number;
  /** Bits of a code, and of each of its digits. */
  readonly bits: number;
  readonly digitBits: number;
  /** Conductance of each digit. */
  readonly conductances: Float32Array;
}

/** Codes of weights and what they stand for. */
export interface CodedWeights {
  /** [arm][weight] */
  readonly codes: Uint16Array<ArrayBuffer>;
  /** Conductances of the digits, [arm][slice][weight], the lowest digit first. */
  readonly target: Float32Array<ArrayBuffer>;
  /** S·(bias + Σ gain·code/(2^bits − 1)), [weight]. */
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * Codes of weights: each arm's fraction of the range times 2^bits − 1, rounded, halves up.
 * @throws {RangeError} for weights without a scale.
 */
export function mapCodes(given: MappedCall, arms: readonly CellArm[], how: CellCodes): CodedWeights {
  checkScales("mapCodes", given);
  const { bias, bits, digitBits, conductances } = how;
  const n = given.weights.length;
  const slices = bits / digitBits;
  const codes = new Uint16Array(arms.length * n);
  const target = new Float32Array(arms.length * slices * n);
  const weights = new Float32Array(n);
  const numbers = armNumbers(arms);
  withBlocks([8 * numbers.length, conductances.byteLength], (...addresses) => {
    const [armsAt, conductancesAt] = addresses as [number, number];
    f64(armsAt, numbers.length).set(numbers);
    f32(conductancesAt, conductances.length).set(conductances);
    const fixed = { arms: armsAt, armsSize: arms.length, bias, most: 2 ** bits - 1, digitBits, slices };
    const digits = { conductances: conductancesAt, digits: conductances.length };
    withWeights(given, [4 * arms.length, 4 * arms.length * slices, 4], ({ from, fields, blocks }) => {
      const [codesAt, targetAt, held] = blocks as [number, number, number];
      const size = fields.n;
      wasm().mapCodes(call.mapCodes({ ...fields, ...fixed, ...digits, codes: codesAt, target: targetAt, held }));
      for (let arm = 0; arm < arms.length; arm++) codes.set(u32(codesAt + 4 * arm * size, size), arm * n + from);
      for (let cell = 0; cell < arms.length * slices; cell++) {
        copyOut(targetAt + 4 * cell * size, target, cell * n + from, size);
      }
      copyOut(held, weights, from, size);
    });
  });
  return { codes, target, weights };
}

/**
 * Conductances off + (1 − off)·fraction of the arms of weights that aren't quantised, [arm][weight].
 * @throws {RangeError} for weights without a scale.
 */
export function mapFractions(given: MappedCall, arms: readonly CellArm[], off: number): Float32Array<ArrayBuffer> {
  checkScales("mapFractions", given);
  const n = given.weights.length;
  const target = new Float32Array(arms.length * n);
  const numbers = armNumbers(arms);
  withBlocks([8 * numbers.length], (armsAt) => {
    f64(armsAt!, numbers.length).set(numbers);
    withWeights(given, [4 * arms.length], ({ from, fields, blocks }) => {
      const [targetAt] = blocks as [number];
      const size = fields.n;
      wasm().mapFractions(
        call.mapFractions({ ...fields, arms: armsAt!, armsSize: arms.length, off, target: targetAt }),
      );
      for (let arm = 0; arm < arms.length; arm++) copyOut(targetAt + 4 * arm * size, target, arm * n + from, size);
    });
  });
  return target;
}

/**
 * weights[i] + S·Σ factor·(conductance − target) over the cells of each weight; without deviation the weight bit for bit.
 *
 * @param factors  [cell]
 * @param cells  [cell][weight]
 * @throws {RangeError} for weights without a scale, or cells of another number.
 */
export function recombineCells(
  given: MappedCall,
  factors: Float64Array,
  { conductances, target }: { readonly conductances: Float32Array; readonly target: Float32Array },
): Float32Array<ArrayBuffer> {
  checkScales("recombineCells", given);
  const n = given.weights.length;
  const cells = factors.length;
  checkLengths("recombineCells", cells * n, { conductances, target });
  const combined = new Float32Array(n);
  withBlocks([factors.byteLength], (factorsAt) => {
    f64(factorsAt!, cells).set(factors);
    withWeights(given, [4 * cells, 4 * cells, 4], ({ from, fields, blocks }) => {
      const [conductancesAt, targetAt, combinedAt] = blocks as [number, number, number];
      const size = fields.n;
      for (let cell = 0; cell < cells; cell++) {
        copyIn(conductancesAt + 4 * cell * size, conductances, cell * n + from, size);
        copyIn(targetAt + 4 * cell * size, target, cell * n + from, size);
      }
      const arrays = { conductances: conductancesAt, target: targetAt, combined: combinedAt };
      wasm().recombine(call.recombine({ ...fields, factors: factorsAt!, cells, ...arrays }));
      copyOut(combinedAt, combined, from, size);
    });
  });
  return combined;
}
