import { inWords } from "@neft/options";

/**
 * A reader's input as a plain view of the same bytes: `slice` of a Buffer is a view of it, that of a Uint8Array a copy.
 *
 * @throws {RangeError} for anything but a Uint8Array; its memory may be shared.
 */
export function bytesOf(who: string, input: unknown): Uint8Array {
  if (!(ArrayBuffer.isView(input) && tagOf(input) === "Uint8Array")) {
    const got = input instanceof ArrayBuffer ? "an ArrayBuffer; wrap it: new Uint8Array(buffer)" : inWords(input);
    throw new RangeError(`${who}: expected the file's bytes as a Uint8Array, got ${got}`);
  }
  return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
}

/** The class of a typed array, of whatever realm: "Uint8Array" for a Buffer too. Undefined for anything else. */
export function tagOf(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? (value as unknown as Record<symbol, string>)[Symbol.toStringTag] : undefined;
}

/** Bytes as UTF-8 text. Copied first: a TextDecoder refuses shared memory in browsers. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.slice());

/** A name from a file as messages show it: as it is where that is harmless, else in quotes and short. */
export const shownName = (name: string): string => (/^[\w.-]{1,100}$/.test(name) ? name : inWords(name));
