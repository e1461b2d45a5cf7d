import { call, f32, wasm, withBlocks } from "@neft/kernels";
import { axisOf, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/**
 * A converter between numbers and whole codes: c = round(x/step), ties to even, where step = range/h and h is the highest code. Values beyond
 * the range clip, to −h or 0 and to h.
 */
export interface Converter {
  /** Bits of a code, with its sign: 1 to 24; 2 at least if it is signed. */
  readonly bits: number;
  /** Codes −h..h with h = 2^(bits − 1) − 1; otherwise codes 0..h with h = 2^bits − 1. */
  readonly signed: boolean;
  /** Value of code h, ≥ 0: one for all, or one for each place along `axis`. A range of 0 clips everything to 0. */
  readonly range: number | Float32Array;
  /** Factor of the result, likewise. Default: 1. */
  readonly scale?: number | Float32Array | undefined;
  /** The axis along which range or scale differ. Negative ones count from the end. Default: -1. */
  readonly axis?: number | undefined;
}

/** Bits of a code's magnitude. */
export interface DigitPlace {
  /** The lowest one, from 0 on. */
  readonly shift: number;
  /** Their number, ≥ 1. */
  readonly width: number;
}

const mostBits = 24;

/** @throws {RangeError} unless the value is a whole number between the limits. */
function checkWhole(what: string, value: number, low: number, high: number): void {
  if (!(Number.isInteger(value) && value >= low && value <= high)) {
    throw new RangeError(`${what}: expected a whole number from ${low} to ${high}, got ${value}`);
  }
}

/** Range or scale, one value for each column. */
function perColumn(what: string, given: number | Float32Array, columns: number, least: number): Float32Array {
  const values = typeof given === "number" ? new Float32Array(columns).fill(given) : given;
  if (values.length !== columns) throw new RangeError(`${what}: expected ${columns} values, got ${values.length}`);
  for (const value of values) {
    if (!(value >= least && value < Infinity)) {
      throw new RangeError(`${what}: expected ${least === 0 ? "finite numbers ≥ 0" : "finite numbers"}, got ${value}`);
    }
  }
  return values;
}

/** What the kernels are given about arrays and converter. */
type Fields = Omit<Parameters<typeof call.convert>[0], "accumulate">;

/** Checks a call of a converter and runs it with its fields. @returns how many values are beyond their range. */
function run(who: string, target: Tensor, x: Tensor, converter: Converter, use: (fields: Fields) => number): number {
  checkTarget(who, target, [x]);
  if (x.ptr === target.ptr && x.size > 0) throw new RangeError(`${who}: expected another tensor than the target`);
  const { bits, signed, range, scale = 1, axis = -1 } = converter;
  checkWhole(`${who}: bits`, bits, signed ? 2 : 1, mostBits);
  const isShared = typeof range === "number" && typeof scale === "number";
  const at = isShared ? 0 : axisOf(who, axis, x.shape.length);
  const columns = isShared ? 1 : x.shape[at]!;
  const ranges = perColumn(`${who}: range`, range, columns, 0);
  const scales = perColumn(`${who}: scale`, scale, columns, -Infinity);
  if (x.size === 0) return 0;
  const inner = isShared ? x.size : sizeOf(x.shape.slice(at + 1));
  return withBlocks([4 * columns, 4 * columns], (rangeAt, scaleAt) => {
    f32(rangeAt, columns).set(ranges);
    f32(scaleAt, columns).set(scales);
    const arrays = { x: x.ptr, y: target.ptr, n: x.size, columns, inner };
    return use({ ...arrays, bits, signed, range: rangeAt, scale: scaleAt });
  });
}

/**
 * target ← target + scale·step·c(x), in place: the read of a converter, added up with its significance. NaN stays NaN.
 *
 * @param x  Of the target's shape, another tensor.
 * @returns how many values of x are beyond their range.
 * @throws {RangeError} for a converter out of bounds, or x as the target.
 * @throws as {@link checkTarget}.
 */
export function addConverted(target: Tensor, x: Tensor, converter: Converter): number {
  return run("addConverted", target, x, converter, (fields) =>
    wasm().convert(call.convert({ ...fields, accumulate: true })),
  );
}

/** target ← scale·step·c(x), in place: x rounded to a converter's steps. Otherwise as {@link addConverted}. */
export function setConverted(target: Tensor, x: Tensor, converter: Converter): number {
  return run("setConverted", target, x, converter, (fields) =>
    wasm().convert(call.convert({ ...fields, accumulate: false })),
  );
}

/**
 * target ← scale·digit(x), in place: `width` bits of |c(x)| from bit `shift` on, with the sign of c(x) (sign and magnitude, so planes of one
 * bit hold −1, 0 and 1). x is nearly step·Σ 2^shift·digit over the digits of its code. Otherwise as {@link addConverted}.
 */
export function setDigits(target: Tensor, x: Tensor, converter: Converter, { shift, width }: DigitPlace): number {
  checkWhole("setDigits: shift", shift, 0, mostBits - 1);
  checkWhole("setDigits: width", width, 1, mostBits);
  return run("setDigits", target, x, converter, (fields) => wasm().digits(call.digits({ ...fields, shift, width })));
}
