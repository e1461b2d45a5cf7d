import { type HostArray, isBig } from "./host-array.js";
import { combineElements, type Element, mapElements } from "./integers-elementwise.js";

/**
 * Powers of integers, with broadcasting; they wrap at the width of the base.
 *
 * @param exponents  Integers of any dtype.
 * @throws {RangeError} for a negative exponent of another base than 1 and −1.
 */
export function powerOfIntegers(base: HostArray, exponents: HostArray): HostArray {
  const big = (x: HostArray): HostArray => mapElements("i64", x, BigInt);
  const { shape, data } = combineElements("i64", big(base), big(exponents), (a, b) => power(a as bigint, b as bigint));
  return mapElements(
    base.dtype,
    { dtype: "i64", shape, data },
    (value): Element => (isBig(base.dtype) ? value : Number(BigInt.asIntN(32, value as bigint))),
  );
}

function power(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) {
    if (base !== 1n && base !== -1n) throw new RangeError(`expected exponents of 0 or more, got ${exponent}`);
    return base === 1n || exponent % 2n === 0n ? 1n : -1n;
  }
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}
