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
