// Compares outputs with those that a case expects.
import { DataType, floatFormats, isKnownType } from "@neft/onnx";
import { arrayOf } from "./stored-value.mjs";

/**
 * How an output differs from the expected one; undefined when it doesn't.
 *
 * Floating-point outputs are rounded to the expected type, then |a − b| ≤ atol + rtol·|b|, as in ONNX's own runner; NaN equals NaN. Integers and
 * booleans are equal exactly.
 *
 * @param {{ dtype: string, shape: readonly number[], data: ArrayLike<number | bigint> }} got
 * @param {import("./stored-value.mjs").StoredValue} expected
 * @param {{ rtol: number, atol: number, isDrawn?: boolean }} tolerances  Drawn elements are compared by type and shape alone.
 * @returns {string | undefined}
 */
export function difference(got, expected, { rtol, atol, isDrawn = false }) {
  const { dataType } = expected.proto;
  const typeName = DataType[dataType] ?? `type ${dataType}`;
  if (!isKnownType(dataType)) return `expected ${typeName}, got ${got.dtype}`;
  const want = arrayOf(expected, "expected output");
  if (got.dtype !== want.dtype) return `expected ${want.dtype} (${typeName}), got ${got.dtype}`;
  if (got.shape.join() !== want.shape.join()) return `expected shape [${want.shape}], got [${got.shape}]`;
  if (isDrawn) return undefined;
  const format = floatFormats.get(dataType);
  const isEqual = format === undefined ? (a, b) => a === b : (a, b) => isClose(a, b, rtol, atol);
  const values = format === undefined ? got.data : Float64Array.from(got.data, rounding(format));
  let first = -1;
  let count = 0;
  for (let i = 0; i < want.data.length; i++) {
    if (isEqual(values[i], want.data[i])) continue;
    if (count++ === 0) first = i;
  }
  if (count === 0) return undefined;
  return `expected ${want.data[first]} at element ${first}, got ${values[first]} (${count} of ${want.data.length} elements differ)`;
}

function isClose(a, b, rtol, atol) {
  if (Object.is(a, b) || a === b) return true;
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= atol + rtol * Math.abs(b);
}

/** Function that rounds to the numbers of a format. */
function rounding(format) {
  const view = new DataView(new ArrayBuffer(format.size));
  return (value) => {
    format.write(view, 0, value);
    return format.read(view, 0);
  };
}
