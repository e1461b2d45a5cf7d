import type { HostArray } from "@neft/model";
import { inWords, oneLine } from "@neft/options";
import { type DType, sizeOf, zeroData } from "@neft/tensor";
import { type ByteRange, lengthOf, rangeOf } from "./byte-ranges.js";
import type { Codes } from "./codes.js";
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from "./float16.js";
import { namesOfLocation } from "./location.js";
import type { StoredElements } from "./message-fields.js";
import { DataLocation, DataType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import type { TensorProto } from "./onnx-proto.js";

/** Encoding of a floating-point type: little-endian, `size` bytes. */
export interface FloatFormat {
  readonly size: 2 | 4 | 8;
  read(view: DataView, at: number): number;
  write(view: DataView, at: number, value: number): void;
  /** Reads as many elements as `out` has from the start of a buffer. Large tensors are read this way. */
  readAll(buffer: ArrayBuffer, out: Float32Array): void;
}

/** Numbers by the 16 bits that stand for them, made at the first use. */
const halves = tableOf(float16ToNumber);
const bfloats = tableOf(bfloat16ToNumber);

function tableOf(toNumber: (bits: number) => number): () => Float32Array {
  let table: Float32Array | undefined;
  return () => (table ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => toNumber(bits)));
}

/** Writes the numbers of the lower 16 bits of all elements. */
function lookUp(table: Float32Array, bits: ArrayLike<number>, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]! & 0xffff]!;
}

/** Encodings of the supported floating-point types, by TensorProto.DataType. All are f32 in a model. */
export const floatFormats: ReadonlyMap<number, FloatFormat> = new Map<number, FloatFormat>([
  [
    DataType.FLOAT,
    {
      size: 4,
      read: (view, at) => view.getFloat32(at, true),
      write: (view, at, value) => view.setFloat32(at, value, true),
      readAll: (buffer, out) => out.set(new Float32Array(buffer, 0, out.length)),
    },
  ],
  [
    DataType.DOUBLE,
    {
      size: 8,
      read: (view, at) => view.getFloat64(at, true),
      write: (view, at, value) => view.setFloat64(at, value, true),
      readAll: (buffer, out) => out.set(new Float64Array(buffer, 0, out.length)),
    },
  ],
  [
    DataType.FLOAT16,
    {
      size: 2,
      read: (view, at) => float16ToNumber(view.getUint16(at, true)),
      write: (view, at, value) => view.setUint16(at, numberToFloat16(value), true),
      readAll: (buffer, out) => lookUp(halves(), new Uint16Array(buffer, 0, out.length), out),
    },
  ],
  [
    DataType.BFLOAT16,
    {
      size: 2,
      read: (view, at) => bfloat16ToNumber(view.getUint16(at, true)),
      write: (view, at, value) => view.setUint16(at, numberToBfloat16(value), true),
      readAll: (buffer, out) => lookUp(bfloats(), new Uint16Array(buffer, 0, out.length), out),
    },
  ],
]);

/** Largest finite numbers of the types of fewer bits than f32. */
const largest: ReadonlyMap<number, number> = new Map([
  [DataType.FLOAT16, float16ToNumber(0x7bff)],
  [DataType.BFLOAT16, bfloat16ToNumber(0x7f7f)],
]);

/** The number nearest to a weight that is finite in a type, if the weight is: rounding alone makes large ones infinite. */
export function saturated(type: number, value: number): number {
  const most = largest.get(type);
  return most === undefined || !Number.isFinite(value) ? value : Math.min(Math.max(value, -most), most);
}

const integerTypes: ReadonlyMap<number, DType> = new Map<number, DType>([
  [DataType.UINT8, "u8"],
  [DataType.INT8, "i8"],
  [DataType.UINT16, "u16"],
  [DataType.INT16, "i16"],
  [DataType.INT32, "i32"],
  [DataType.INT64, "i64"],
  [DataType.BOOL, "bool"],
  [DataType.UINT32, "u32"],
  [DataType.UINT64, "u64"],
]);

/** TensorProto.DataType of a dtype. */
export function typeOfDtype(dtype: DType): number {
  if (dtype === "f32") return DataType.FLOAT;
  return [...integerTypes].find(([, one]) => one === dtype)![0];
}

/** Whether a TensorProto.DataType has a dtype in a model. */
export function isKnownType(type: number): boolean {
  return floatFormats.has(type) || integerTypes.has(type);
}

/** Dtype of a TensorProto.DataType. @throws {OnnxError} listing the supported types. */
export function dtypeOf(type: number, who: string): DType {
  const dtype = floatFormats.has(type) ? "f32" : integerTypes.get(type);
  if (dtype === undefined) {
    const known = [...floatFormats.keys(), ...integerTypes.keys()].map((key) => DataType[key]);
    throw new OnnxError(`${who}: expected one of the data types ${known.join(", ")}, got ${DataType[type] ?? type}`);
  }
  return dtype;
}

/** Location of elements: ranges of one file that hold all elements, in order. */
export interface ElementStorage {
  /** "" for the model's file, else the location of external data. */
  readonly file: string;
  readonly ranges: readonly ByteRange[];
  /** TensorProto.DataType. */
  readonly type: number;
  /** How integers there stand for the tensor's floats; undefined for elements as they are. */
  readonly codes?: Codes;
}

/** Storage with the name of the value stored there: an initializer or the output of a Constant. */
export interface NamedStorage extends ElementStorage {
  readonly value: string;
}

/** A tensor as stored in a file. */
export interface StoredTensor {
  readonly array: HostArray;
  /** TensorProto.DataType. */
  readonly type: number;
  /** Undefined when elements share bytes or are varints. Of integers, an export changes codes of floats only. */
  readonly storage: ElementStorage | undefined;
}

/** Contents of files by location; "" is the model's file. */
export type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Decodes one TensorProto. Floating-point elements become f32 and are read from the same bytes that an export
 * overwrites.
 *
 * @throws {OnnxError} when the type is unsupported, elements and shape disagree, or an external file is missing.
 */
export function readTensor(proto: TensorProto, files: Files, who: string): StoredTensor {
  const dtype = dtypeOf(proto.dataType, who);
  if (proto.segment !== undefined) {
    throw new OnnxError(`${who}: expected a whole tensor, got a segment of one`);
  }
  const shape = proto.dims.map(Number);
  const count = sizeOf(shape);
  // The check counts a 0 as 1, because loops run over the other sizes too.
  if (shape.some((n) => n < 0) || sizeOf(shape.map((n) => Math.max(1, n))) > 2 ** 31) {
    throw new OnnxError(`${who}: expected a shape of at most 2^31 elements, got [${shape.join(", ")}]`);
  }
  const stored = storageOf(proto, files, who);
  const format = floatFormats.get(proto.dataType);
  if (format !== undefined && stored !== undefined) {
    const storage: ElementStorage = { ...stored, type: proto.dataType };
    checkLength(stored.ranges, count * format.size, shape, who);
    return { array: { dtype, shape, data: readFloats(storage, files, count) }, type: proto.dataType, storage };
  }
  const data =
    stored === undefined ? typedElements(proto, dtype) : rawElements(stored, files, dtype, count, shape, who);
  if (data.length !== count) {
    throw new OnnxError(`${who}: expected ${count} elements for shape [${shape.join(", ")}], got ${data.length}`);
  }
  const storage = stored && { ...stored, type: proto.dataType };
  return { array: { dtype, shape, data }, type: proto.dataType, storage };
}

/** Vector of floats that are stored in an attribute. */
export function readFloatList(elements: StoredElements | undefined, files: Files): StoredTensor {
  const storage: ElementStorage = { file: "", ranges: elements?.ranges ?? [], type: DataType.FLOAT };
  const count = lengthOf(storage.ranges) / 4;
  return {
    array: { dtype: "f32", shape: [count], data: readFloats(storage, files, count) },
    type: storage.type,
    storage,
  };
}

/** @throws {OnnxError} when ranges don't have as many bytes as the shape needs. */
function checkLength(ranges: readonly ByteRange[], bytes: number, shape: readonly number[], who: string): void {
  const length = lengthOf(ranges);
  if (length !== bytes) {
    throw new OnnxError(`${who}: expected ${bytes} bytes of elements for shape [${shape.join(", ")}], got ${length}`);
  }
}

/** Storage of a tensor's fixed-width elements; undefined when they are varints or absent. */
function storageOf(proto: TensorProto, files: Files, who: string): Pick<ElementStorage, "file" | "ranges"> | undefined {
  if (proto.dataLocation === DataLocation.EXTERNAL) return externalStorage(proto, files, who);
  if (proto.rawData !== undefined) return { file: "", ranges: [rangeOf(proto.rawData, files.get("")!)] };
  if (proto.dataType === DataType.FLOAT) return { file: "", ranges: proto.floatData?.ranges ?? [] };
  if (proto.dataType === DataType.DOUBLE) return { file: "", ranges: proto.doubleData?.ranges ?? [] };
  return undefined;
}

/** Storage of a tensor in an external file. @throws {OnnxError} when the file is missing or the range exceeds it. */
function externalStorage(proto: TensorProto, files: Files, who: string): Pick<ElementStorage, "file" | "ranges"> {
  const entry = (key: string) => proto.externalData.find((one) => one.key === key)?.value;
  const file = entry("location") ?? "";
  namesOfLocation(file);
  const bytes = files.get(file);
  if (bytes === undefined) {
    throw new OnnxError(
      `${who}: expected the bytes of the external file ${inWords(file)}, got none: pass them as externalData`,
    );
  }
  const offset = Number(entry("offset") ?? 0);
  const length = Number(entry("length") ?? bytes.length - offset);
  if (
    !Number.isSafeInteger(offset) ||
    !Number.isSafeInteger(length) ||
    offset < 0 ||
    length < 0 ||
    offset + length > bytes.length
  ) {
    throw new OnnxError(
      `${who}: expected a range inside the ${bytes.length} bytes of ${inWords(file)}, got ${length} bytes from offset ${oneLine(entry("offset") ?? "0")}`,
    );
  }
  return { file, ranges: [{ offset, length }] };
}

/** Elements are moved here in pieces, to be aligned: it fits the cache. */
const piece = new Uint8Array(2 ** 15);

/** Reads elements from ranges of a file, at any alignment. No element crosses two ranges. */
function readFloats(storage: ElementStorage, files: Files, count: number): Float32Array {
  const { size, readAll } = floatFormats.get(storage.type)!;
  const bytes = files.get(storage.file)!;
  const out = new Float32Array(count);
  let index = 0;
  for (const { offset, length } of storage.ranges) {
    for (let from = offset; from < offset + length; from += piece.length) {
      const part = bytes.subarray(from, Math.min(from + piece.length, offset + length));
      piece.set(part);
      readAll(piece.buffer, out.subarray(index, index + part.length / size));
      index += part.length / size;
    }
  }
  return out;
}

/** Calls `visit` with the location of each element, in order. */
export function forEachFloat(
  storage: ElementStorage,
  bytes: Uint8Array,
  visit: (view: DataView, at: number, index: number, format: FloatFormat) => void,
): void {
  const format = floatFormats.get(storage.type)!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let index = 0;
  for (const { offset, length } of storage.ranges) {
    for (let at = offset; at + format.size <= offset + length; at += format.size) visit(view, at, index++, format);
  }
}

/** Elements of a tensor with raw data. */
function rawElements(
  storage: Pick<ElementStorage, "file" | "ranges">,
  files: Files,
  dtype: DType,
  count: number,
  shape: readonly number[],
  who: string,
): HostArray["data"] {
  const width = zeroData(dtype, 0).BYTES_PER_ELEMENT;
  checkLength(storage.ranges, count * width, shape, who);
  const data = zeroData(dtype, count);
  const { offset, length } = storage.ranges[0]!;
  new Uint8Array(data.buffer).set(files.get(storage.file)!.subarray(offset, offset + length));
  return dtype === "bool" ? (data as Uint8Array).map((value) => Number(value !== 0)) : data;
}

/** Elements of a tensor with typed data fields. */
function typedElements(proto: TensorProto, dtype: DType): HostArray["data"] {
  switch (proto.dataType) {
    case DataType.INT64:
      return BigInt64Array.from(proto.int64Data);
    case DataType.UINT64:
      return BigUint64Array.from(proto.uint64Data);
    case DataType.UINT32:
      return Uint32Array.from(proto.uint64Data, Number);
    case DataType.FLOAT16:
      return numbersOf(halves(), proto.int32Data);
    case DataType.BFLOAT16:
      return numbersOf(bfloats(), proto.int32Data);
    default: {
      const data = zeroData(dtype, proto.int32Data.length) as Int32Array | Uint8Array | Int8Array;
      data.set(dtype === "bool" ? proto.int32Data.map((value) => Number(value !== 0)) : proto.int32Data);
      return data;
    }
  }
}

function numbersOf(table: Float32Array, bits: readonly number[]): Float32Array {
  const out = new Float32Array(bits.length);
  lookUp(table, bits, out);
  return out;
}
