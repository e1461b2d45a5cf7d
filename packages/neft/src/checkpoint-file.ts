import type { Build } from "@neft/kernels";
import { inWords } from "@neft/options";
import { isRunState, type RunState } from "@neft/training";
import { sha256 } from "./read-model.js";

// A checkpoint: 8 bytes "neft run", the length of the header as 4 bytes, the header as JSON, the arrays of its state as 32-bit floats in the
// order in which the header names them, and the SHA-256 of all of this as 32 bytes. Numbers are little-endian. In the header, an array is an
// object with the number of its floats.

/** What a run started from, besides the settings that its state has. Values are compared as they are. */
export interface CheckpointOrigin {
  /** SHA-256 of the model's file and weights. */
  readonly model: string;
  /** SHA-256 of the samples. */
  readonly data: string;
  /** Settings of how samples enter the network. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Version of neft. */
  readonly neft: string;
  readonly build: Build;
}

/** What a checkpoint holds. */
export interface Checkpoint {
  readonly origin: CheckpointOrigin;
  readonly state: RunState;
}

const magic = new TextEncoder().encode("neft run");
const headerAt = magic.length + 4;
const digestBytes = 32;

/** An array in the header. */
interface ArrayRecord {
  readonly floats: number;
}

const digestOf = (bytes: Uint8Array): Uint8Array => Buffer.from(sha256(bytes), "hex");

/** The bytes of a checkpoint. */
export function encodeCheckpoint({ origin, state }: Checkpoint): Uint8Array {
  const arrays: Float32Array[] = [];
  const record = (_: string, value: unknown): unknown => {
    if (!(value instanceof Float32Array)) return value;
    arrays.push(value);
    return { floats: value.length } satisfies ArrayRecord;
  };
  const text = JSON.stringify({ format: 1, origin, state }, record);
  // Spaces up to a multiple of 4: readers can view the floats in place.
  const header = new TextEncoder().encode(text.padEnd(text.length + ((4 - (Buffer.byteLength(text) % 4)) % 4)));
  const floats = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bytes = new Uint8Array(headerAt + header.length + floats + digestBytes);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint32(magic.length, header.length, true);
  bytes.set(header, headerAt);
  let at = headerAt + header.length;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  bytes.set(digestOf(bytes.subarray(0, at)), at);
  return bytes;
}

/** @throws {RangeError} in one line, for bytes that aren't a whole, unchanged checkpoint. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const start = bytes.subarray(0, magic.length);
  if (start.length < magic.length || start.some((byte, i) => byte !== magic[i]))
    throw new RangeError("expected a checkpoint of neft finetune, got another file");
  const end = bytes.length - digestBytes;
  const isWhole = end >= headerAt && digestOf(bytes.subarray(0, end)).every((byte, i) => byte === bytes[end + i]);
  if (!isWhole) throw new RangeError("expected a whole checkpoint, got one that was cut off or changed");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(magic.length, true);
  let at = headerAt + length;
  const restore = (_: string, value: unknown): unknown => {
    const floats = (value as ArrayRecord | null)?.floats;
    if (floats === undefined) return value;
    if (!Number.isSafeInteger(floats) || floats < 0 || at + 4 * floats > end) throw new RangeError("arrays");
    // A copy: the bytes may be a part of a larger buffer, at any offset.
    const own = new Float32Array(floats);
    new Uint8Array(own.buffer).set(bytes.subarray(at, at + own.byteLength));
    at += own.byteLength;
    return own;
  };
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(headerAt, headerAt + length)));
    const { format } = header as { readonly format: unknown };
    if (format === 1) {
      const { origin, state } = revived(header, restore) as Checkpoint;
      if (at === end && isRunState(state)) return { origin, state };
    }
  } catch {
    // Said below.
  }
  throw new RangeError("expected a checkpoint of this version of neft, got one of another form");
}

/** Plain data with replaced values, visited in the order in which JSON writes them. */
function revived(value: unknown, replace: (name: string, value: unknown) => unknown, name = ""): unknown {
  const own = replace(name, value);
  if (own !== value || typeof value !== "object" || value === null) return own;
  if (Array.isArray(value)) return value.map((one, i) => revived(one, replace, String(i)));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, revived(one, replace, key)]));
}

/** What differs between the origins of two runs, in words; undefined if nothing does. */
export function originDifference(expected: CheckpointOrigin, got: CheckpointOrigin): string | undefined {
  if (expected.model !== got.model) return "another model";
  if (expected.data !== got.data) return "other samples";
  for (const name of ["neft", "build"] as const) {
    if (expected[name] === got[name]) continue;
    const [what, advice] = name === "neft" ? ["version of neft", ""] : ["build of the kernels", " (see --fast)"];
    return `another ${what}${advice}: expected ${inWords(expected[name])}, got ${inWords(got[name])}`;
  }
  const names = new Set([...Object.keys(expected.input), ...Object.keys(got.input)]);
  for (const name of names) {
    const [own, other] = [expected.input[name], got.input[name]].map((one) => JSON.stringify(one) ?? "none");
    if (own !== other) return `another setting ${name}: expected ${own}, got ${other}`;
  }
  return undefined;
}
