import { inWords } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { strFromU8 } from "fflate";

/** One array of an .npy file, in C order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Uint8Array | Float32Array | Float64Array | BigInt64Array;
}

type Values = NpyArray["values"];
interface Element {
  readonly bytes: number;
  make(length: number): Values;
  read(view: DataView, at: number, little: boolean): number | bigint;
}
const float32 = (length: number) => new Float32Array(length);
const float64 = (length: number) => new Float64Array(length);
const int64 = (length: number) => new BigInt64Array(length);
const uint8 = (length: number) => new Uint8Array(length);

/** Element readers by numpy's kind and width; what fits f32 exactly is read as f32, wider integers as f64, 64-bit ones as i64. */
const elements: Readonly<Record<string, Element>> = {
  b1: { bytes: 1, make: uint8, read: (view, at) => view.getUint8(at) },
  u1: { bytes: 1, make: uint8, read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, make: float32, read: (view, at) => view.getInt8(at) },
  u2: { bytes: 2, make: float32, read: (view, at, little) => view.getUint16(at, little) },
  i2: { bytes: 2, make: float32, read: (view, at, little) => view.getInt16(at, little) },
  u4: { bytes: 4, make: float64, read: (view, at, little) => view.getUint32(at, little) },
  i4: { bytes: 4, make: float64, read: (view, at, little) => view.getInt32(at, little) },
  u8: { bytes: 8, make: int64, read: (view, at, little) => view.getBigInt64(at, little) },
  i8: { bytes: 8, make: int64, read: (view, at, little) => view.getBigInt64(at, little) },
  f4: { bytes: 4, make: float32, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, make: float64, read: (view, at, little) => view.getFloat64(at, little) },
};

/**
 * Reads one .npy array (format versions 1 to 3, either byte order, C or Fortran order).
 *
 * @param who  named in errors.
 * @throws {Error} when the bytes aren't .npy, the dtype isn't numeric, or data is missing or left over.
 */
export function decodeNpy(who: string, bytes: Uint8Array): NpyArray {
  const magic = String.fromCharCode(...bytes.subarray(1, 6));
  if (bytes[0] !== 0x93 || magic !== "NUMPY" || bytes.length < 10) {
    throw new Error(`${who}: expected a numpy array (\\x93NUMPY), got ${bytes.length} other bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = bytes[6]!;
  if (major < 1 || major > 3) throw new Error(`${who}: expected .npy version 1, 2 or 3, got ${major}`);
  const headerAt = major === 1 ? 10 : 12;
  const headerLength = major === 1 ? view.getUint16(8, true) : bytes.length < 12 ? Infinity : view.getUint32(8, true);
  const start = headerAt + headerLength;
  if (start > bytes.length) throw new Error(`${who}: expected a header of ${headerLength} bytes, got a truncated file`);

  const header = strFromU8(bytes.subarray(headerAt, start), true);
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const axes = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (descr === undefined || fortran === undefined || axes === undefined) {
    throw new Error(
      `${who}: expected a header with descr, fortran_order and shape, got ${inWords(header.slice(0, 200))}`,
    );
  }
  const element = elements[descr.slice(1)];
  if (!element || !"<>|=".includes(descr[0] ?? " ")) {
    throw new Error(
      `${who}: expected a dtype of ${Object.keys(elements).join(", ")}, got "${descr}"; convert it with .astype("float32") or "int64"`,
    );
  }
  const shape = axes.split(",").flatMap((axis) => (axis.trim() === "" ? [] : [Number(axis)]));
  const length = sizeOf(shape);
  if (start + length * element.bytes !== bytes.length) {
    throw new Error(
      `${who}: expected ${length * element.bytes} bytes for shape [${shape.join(", ")}] of ${descr}, got ${bytes.length - start}; the file is truncated or corrupt`,
    );
  }
  const values = element.make(length);
  const little = descr[0] !== ">";
  if (element.make === uint8) (values as Uint8Array).set(bytes.subarray(start));
  else for (let i = 0; i < length; i++) values[i] = element.read(view, start + i * element.bytes, little);
  return { shape, values: fortran === "True" ? fromFortran(values, shape, element.make(length)) : values };
}

/** The same array with its last axis running fastest. */
function fromFortran(values: Values, shape: readonly number[], out: Values): Values {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  for (let i = 0; i < out.length; i++) {
    let rest = i;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    out[i] = values[from]!;
  }
  return out;
}
