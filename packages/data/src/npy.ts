import { inWords } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { textOf } from "./bytes.js";
import type { Numbers } from "./numbers.js";

interface Element {
  readonly bytes: number;
  read(view: DataView, at: number, little: boolean): number | bigint;
}

/** Element readers by numpy's kind and size in bytes. */
const elements: Readonly<Record<string, Element>> = {
  b1: { bytes: 1, read: (view, at) => Number(view.getUint8(at) !== 0) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  u8: { bytes: 8, read: (view, at, little) => view.getBigUint64(at, little) },
  i8: { bytes: 8, read: (view, at, little) => view.getBigInt64(at, little) },
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

/** Parsed header of an .npy file. */
export interface NpyHeader {
  readonly shape: readonly number[];
  /** numpy's dtype, such as "<f4" or "u1". */
  readonly type: string;
  readonly fortran: boolean;
  /** Offset of the data in the file. */
  readonly start: number;
  /** Length of the whole file. */
  readonly bytes: number;
}

/** Length of the longest header that numpy writes, with the bytes before it. */
export const longestHeader = 0xffff + 12;

/**
 * Reads the header of an .npy file (format versions 1 to 3), as Python 3 and 2 write it.
 *
 * @param head  the file's first `longestHeader` bytes, or all when there are fewer.
 * @param who  the caller's name in errors.
 * @throws {Error} when the bytes aren't .npy, the header isn't one that numpy reads, or the dtype isn't numeric.
 */
export function readNpyHeader(who: string, head: Uint8Array): NpyHeader {
  const magic = String.fromCharCode(...head.subarray(1, 6));
  if (head[0] !== 0x93 || magic !== "NUMPY" || head.length < 12) {
    throw new Error(`${who}: expected a numpy array (\\x93NUMPY), got ${head.length} other bytes`);
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const major = head[6]!;
  if (major < 1 || major > 3) throw new Error(`${who}: expected .npy version 1, 2 or 3, got ${major}`);
  const headerAt = major === 1 ? 10 : 12;
  const headerLength = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = headerAt + headerLength;
  if (start > head.length) {
    throw new Error(
      `${who}: expected a header of ${headerLength} bytes, got ${head.length - headerAt}; the file is truncated or corrupt`,
    );
  }
  const text = textOf(head.subarray(headerAt, start));
  const fields = readDictionary(text);
  const { descr: type, fortran_order: fortran, shape: axes, ...others } = fields ?? {};
  const shape = axes === undefined ? undefined : readShape(axes);
  if (type === undefined || fortran === undefined || shape === undefined || Object.keys(others).length > 0) {
    throw new Error(`${who}: expected a header with descr, fortran_order and shape, got ${inWords(text)}`);
  }
  const [, order, kind] = /^([<>|=]?)(\w+)$/.exec(type) ?? [];
  const element = order === undefined ? undefined : elements[kind!];
  if (!element) {
    throw new Error(
      `${who}: expected a dtype of ${Object.keys(elements).join(", ")}, got ${inWords(type)}; convert it with .astype("float32") or "int64"`,
    );
  }
  const bytes = start + sizeOf(shape) * element.bytes;
  if (!Number.isSafeInteger(bytes)) throw new Error(`${who}: expected a shape that fits a file, got ${inWords(shape)}`);
  return { shape, type, fortran: fortran === "True", start, bytes };
}

/** One `key: value,` of the header: a string in either quotes, True or False, or a tuple of integers. */
const field = /\s*(?:u?(['"])(\w+)\1)\s*:\s*(?:u?(['"])([^'"\\]*)\3|(True|False)|\(([\d\sL,]*)\))\s*(,|$)/y;

/** Texts of the values by key of a dictionary in Python's notation; undefined for any other text. */
function readDictionary(text: string): Readonly<Record<string, string>> | undefined {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1]?.trimEnd();
  if (inner === undefined) return undefined;
  const fields = new Map<string, string>();
  for (field.lastIndex = 0; field.lastIndex < inner.length; ) {
    const [, , key, , word, truth, axes] = field.exec(inner) ?? [];
    if (key === undefined || fields.has(key)) return undefined;
    fields.set(key, (word ?? truth ?? axes)!);
  }
  return Object.fromEntries(fields);
}

/** Integers of a tuple's inner text; Python 2 writes long integers as 30L. Undefined when it isn't a tuple: `(4)` is a number. */
function readShape(axes: string): number[] | undefined {
  if (axes.trim() === "") return [];
  const items = axes.split(",");
  if (items.length === 1) return undefined;
  if (items.at(-1)!.trim() === "") items.pop();
  if (!items.every((item) => /^\s*\d+L?\s*$/.test(item))) return undefined;
  return items.map((item) => Number(item.trim().replace("L", "")));
}

/**
 * Checks a file's length against its header.
 * @throws {Error} when they differ.
 */
export function checkNpyLength(who: string, { shape, type, start, bytes }: NpyHeader, length: number): void {
  if (length === bytes) return;
  throw new Error(
    `${who}: expected ${bytes - start} bytes for shape [${shape.join(", ")}] of ${type}, got ${length - start}; the file is truncated or corrupt`,
  );
}

/** Numbers of a file in C order, converted from the stored axis order and byte order. The file's length must be checked before. */
export function npyNumbers({ shape, type, start, fortran }: NpyHeader, file: Uint8Array): Numbers {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const kind = type.replace(/^\W/, "");
  const element = elements[kind]!;
  const little = type[0] !== ">";
  const stored = (index: number) => element.read(view, start + index * element.bytes, little);
  const length = sizeOf(shape);
  const isInteger = /^[iu]/.test(kind);
  const bytes = kind === "u1" ? file.subarray(start) : undefined;
  if (!fortran || shape.length < 2) return { length, bytes, isInteger, at: stored };
  const position = fortranIndex(shape);
  return { length, bytes: bytes?.map((_, i) => bytes[position(i)]!), isInteger, at: (i) => stored(position(i)) };
}

/** Maps an element's index in C order to its index in Fortran order. */
function fortranIndex(shape: readonly number[]): (index: number) => number {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  return (index) => {
    let rest = index;
    let position = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return position;
  };
}
