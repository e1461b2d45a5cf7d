import { inWords } from "@neft/options";

/**
 * A reader's input as a plain Uint8Array over the same memory, which may be shared. A Buffer is converted because its `slice`
 * doesn't copy.
 *
 * @throws {RangeError} for anything but a Uint8Array.
 */
export function bytesOf(who: string, input: unknown): Uint8Array {
  if (!(ArrayBuffer.isView(input) && typedArrayName(input) === "Uint8Array")) {
    const got = input instanceof ArrayBuffer ? "an ArrayBuffer; wrap it: new Uint8Array(buffer)" : inWords(input);
    throw new RangeError(`${who}: expected the file's bytes as a Uint8Array, got ${got}`);
  }
  return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
}

/** Class name of a typed array, in any realm ("Uint8Array" for a Buffer too); undefined for anything else. */
export function typedArrayName(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? (value as unknown as Record<symbol, string>)[Symbol.toStringTag] : undefined;
}

/** Decodes UTF-8 text. The bytes are copied first: in browsers, TextDecoder refuses shared memory. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.slice());

/** A name from a file for use in a message: unchanged when it has only letters, digits and . _ -, else quoted and shortened. */
export const shownName = (name: string): string => (/^[\w.-]{1,100}$/.test(name) ? name : inWords(name));

/** Whether a file begins as a gzip file does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;
