// What tests of readers and writers share about bytes, in Node and in browsers.

/** Whether two arrays hold the same bytes; much faster than toEqual on megabytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether `part` occurs in `bytes`. */
export function includesBytes(bytes: Uint8Array, part: Uint8Array): boolean {
  return bytes.some((_, at) => sameBytes(bytes.subarray(at, at + part.length), part));
}

/** Several arrays one behind the other. */
export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes that array buffers take. Only Node says: 0 in a browser, where a limit of their growth is therefore not tested. */
export function bufferMemory(): number {
  return typeof process === "undefined" ? 0 : process.memoryUsage().arrayBuffers;
}

/** Whether memory can be shared: in Node, and in a browser on a cross-origin isolated page. */
export const hasSharedMemory = typeof SharedArrayBuffer !== "undefined";

type Copy = (bytes: Uint8Array) => Uint8Array;

/** Copies of bytes in every kind of memory that a caller may have them in. Buffers exist in Node alone. */
export const memoryKinds: readonly (readonly [kind: string, copy: Copy])[] = [
  ["a Uint8Array", (bytes) => bytes.slice()],
  ["a part of an array", (bytes) => placed(new Uint8Array(bytes.length + 9).fill(0xaa), bytes)],
  ...when(typeof Buffer !== "undefined", [
    ["a Buffer", (bytes) => Buffer.from(bytes)],
    ["a Buffer within a pool", (bytes) => placed(Buffer.alloc(bytes.length + 9, 0xaa), bytes)],
  ]),
  ...when(hasSharedMemory, [
    ["shared memory", (bytes) => placed(new Uint8Array(new SharedArrayBuffer(bytes.length + 9)), bytes)],
  ]),
];

function when(exists: boolean, kinds: readonly (readonly [string, Copy])[]): readonly (readonly [string, Copy])[] {
  return exists ? kinds : [];
}

/** The part of `room` that has been set to `bytes`. */
function placed(room: Uint8Array, bytes: Uint8Array): Uint8Array {
  room.set(bytes, 5);
  return room.subarray(5, 5 + bytes.length);
}
