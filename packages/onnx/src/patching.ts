import { type DType, zeroData } from "@neft/tensor";
import type { Codes } from "./codes.js";
import type { ParameterOrigin } from "./onnx-source.js";
import { type ElementStorage, forEachFloat, type NamedStorage, saturated } from "./stored-tensor.js";

/** What a file has in the place of a parameter after an export. */
export interface Patch {
  /** Whether bytes changed. */
  readonly changed: boolean;
  /** Elements of the parameter in the model and in the file, in the file's order. */
  readonly wanted: Float32Array;
  readonly stored: Float32Array;
}

/**
 * Overwrites changed elements in place. Elements whose stored value rounds to the same f32 are kept.
 *
 * @param bytes  The file that holds them.
 * @param data  The parameter's elements.
 */
export function patch(
  bytes: Uint8Array,
  storage: NamedStorage,
  order: ParameterOrigin["order"],
  data: Float32Array,
): Patch {
  let wanted = data;
  if (order !== undefined) {
    wanted = new Float32Array(data.length);
    order.forEach((to, from) => {
      wanted[to] = data[from]!;
    });
  }
  const { codes } = storage;
  return codes === undefined ? patchFloats(bytes, storage, wanted) : patchCodes(bytes, storage, codes, wanted);
}

function patchFloats(bytes: Uint8Array, storage: ElementStorage, wanted: Float32Array): Patch {
  const stored = new Float32Array(wanted);
  let changed = false;
  forEachFloat(storage, bytes, (view, at, i, format) => {
    if (Object.is(Math.fround(format.read(view, at)), wanted[i]!)) return;
    format.write(view, at, saturated(storage.type, wanted[i]!));
    stored[i] = format.read(view, at);
    changed = true;
  });
  return { changed, wanted, stored };
}

function patchCodes(
  bytes: Uint8Array,
  { ranges: [range] }: ElementStorage,
  { dtype, encode, decode }: Codes,
  wanted: Float32Array,
): Patch {
  const place = bytes.subarray(range!.offset, range!.offset + range!.length);
  const codes = aligned(place, dtype);
  const before = decode(codes);
  if (wanted.every((value, i) => Object.is(value, before[i]))) return { changed: false, wanted, stored: before };
  const nearest = encode(wanted);
  // Two codes may stand for one value.
  const after = nearest.map((code, i) => (Object.is(wanted[i], before[i]) ? codes[i]! : code) as never);
  const changed = after.some((code, i) => code !== codes[i]);
  if (changed) place.set(new Uint8Array(after.buffer as ArrayBuffer));
  return { changed, wanted, stored: decode(after) };
}

/** Elements of a dtype, at any alignment. */
function aligned(bytes: Uint8Array, dtype: DType) {
  const elements = zeroData(dtype, bytes.length / zeroData(dtype, 0).BYTES_PER_ELEMENT);
  new Uint8Array(elements.buffer).set(bytes);
  return elements;
}
