import { strToU8, zipSync } from "fflate";

/** The bytes of an IDX file of unsigned bytes, or of another type where `data` holds its big-endian bytes. */
export function idx(shape: readonly number[], data: ArrayLike<number>, type = 8): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes[2] = type;
  bytes[3] = shape.length;
  for (const [axis, length] of shape.entries()) view.setUint32(4 + 4 * axis, length);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** The bytes of a version 1 .npy file. */
export function npy(
  descr: string,
  shape: readonly number[],
  data: ArrayBufferView,
  fortranOrder = "False",
): Uint8Array {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': ${fortranOrder}, 'shape': (${axes}), }\n`;
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytes = new Uint8Array(10 + text.length + values.length);
  bytes.set([0x93, ...strToU8("NUMPY"), 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(strToU8(text), 10);
  bytes.set(values, 10 + text.length);
  return bytes;
}

/** The bytes of an .npz file. */
export function npz(arrays: Readonly<Record<string, Uint8Array>>, level: 0 | 6 = 0): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(arrays).map(([name, bytes]) => [`${name}.npy`, bytes])), { level });
}

/** CRC-32 of bytes. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** One record of a stored zip member: the local one, or (with `at`, where that is) the one of the list of members. */
export function zipRecord(name: string, data: Uint8Array, at?: number): Uint8Array {
  const isLocal = at === undefined;
  const bytes = new Uint8Array((isLocal ? 30 : 46) + name.length + (isLocal ? data.length : 0));
  const view = new DataView(bytes.buffer);
  const shared = isLocal ? 0 : 2;
  view.setUint32(0, isLocal ? 0x04034b50 : 0x02014b50, true);
  view.setUint32(14 + shared, crc32(data), true);
  for (const offset of [18, 22]) view.setUint32(offset + shared, data.length, true);
  view.setUint16(26 + shared, name.length, true);
  if (!isLocal) view.setUint32(42, at, true);
  bytes.set(strToU8(name), isLocal ? 30 : 46);
  if (isLocal) bytes.set(data, 30 + name.length);
  return bytes;
}

/** A zip archive of local records and those of its list of members. */
export function zip(local: readonly Uint8Array[], list: readonly Uint8Array[]): Uint8Array {
  const length = (records: readonly Uint8Array[]): number => records.reduce((sum, record) => sum + record.length, 0);
  const end = new Uint8Array(22);
  const view = new DataView(end.buffer);
  view.setUint32(0, 0x06054b50, true);
  for (const offset of [8, 10]) view.setUint16(offset, list.length, true);
  view.setUint32(12, length(list), true);
  view.setUint32(16, length(local), true);
  return Uint8Array.from([...local, ...list, end].flatMap((record) => [...record]));
}
