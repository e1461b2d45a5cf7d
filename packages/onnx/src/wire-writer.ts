import { tagOf, type WireType } from "./wire-reader.js";

/** Size of the blocks that small values are written to, in bytes. */
const blockSize = 2 ** 14;

/** Largest byte array that is copied into a block; longer ones are kept as views until the end. */
const maxCopied = 2 ** 10;

const utf8 = new TextEncoder();

/** The 64 bits of an integer as two words, in memory's order, which is little-endian. */
const words = new Int32Array(2);
const signed = new BigInt64Array(words.buffer);
const unsigned = new BigUint64Array(words.buffer);

/**
 * Writes protobuf's wire format from the last byte to the first: the length of a message is known when it is
 * written, so that nothing is moved, and large byte arrays are copied once.
 */
export class WireWriter {
  /** Finished parts, last first. */
  readonly #parts: Uint8Array[] = [];
  /** Bytes in finished parts. */
  #finished = 0;
  #block = new Uint8Array(0);
  #view = new DataView(this.#block.buffer);
  /** The block's bytes from `at` to `end` are written and in no part yet. */
  #at = 0;
  #end = 0;

  /** Number of bytes written. */
  get length(): number {
    return this.#finished + this.#end - this.#at;
  }

  /** All bytes, first to last. */
  finish(): Uint8Array {
    this.#finishPart();
    const out = new Uint8Array(this.#finished);
    let at = out.length;
    for (const part of this.#parts) {
      at -= part.length;
      out.set(part, at);
    }
    return out;
  }

  tag(field: number, wire: WireType): void {
    this.varint(tagOf(field, wire));
  }

  /** Varint of 64 bits, given as two words. */
  varint(low: number, high = 0): void {
    const size = high === 0 ? ((38 - Math.clz32(low | 1)) / 7) | 0 : ((70 - Math.clz32(high)) / 7) | 0;
    const start = this.#claim(size);
    const last = start + size - 1;
    let [lower, upper] = [low, high];
    for (let at = start; at < last; at++) {
      this.#block[at] = (lower & 0x7f) | 0x80;
      lower = (lower >>> 7) | (upper << 25);
      upper >>>= 7;
    }
    this.#block[last] = lower;
  }

  /** @throws {RangeError} for an integer of more than 32 bits. */
  int32(value: number): void {
    if ((value | 0) !== value) throw new RangeError(`expected a 32-bit integer, got ${value}`);
    this.varint(value, value >> 31);
  }

  /** @throws {RangeError} for an integer of more than 64 bits. */
  int64(value: bigint): void {
    signed[0] = value;
    if (signed[0] !== value) throw new RangeError(`expected a 64-bit integer, got ${value}`);
    this.varint(words[0]!, words[1]!);
  }

  /** @throws {RangeError} for a negative integer or one of more than 64 bits. */
  uint64(value: bigint): void {
    unsigned[0] = value;
    if (unsigned[0] !== value) throw new RangeError(`expected an unsigned 64-bit integer, got ${value}`);
    this.varint(words[0]!, words[1]!);
  }

  /** @throws {RangeError} for a finite number that rounds to an infinite float. */
  float(value: number): void {
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      throw new RangeError(`expected a number in the range of a float, got ${value}`);
    }
    const at = this.#claim(4);
    this.#view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.#claim(8);
    this.#view.setFloat64(at, value, true);
  }

  /** Text, without its length. */
  string(value: string): void {
    if (value.length > maxCopied || !this.#ascii(value)) this.bytes(utf8.encode(value));
  }

  /** Bytes, without their length. Long ones must not change before `finish`. */
  bytes(value: Uint8Array): void {
    if (value.length <= maxCopied) {
      const at = this.#claim(value.length);
      this.#block.set(value, at);
    } else {
      this.#finishPart();
      this.#add(value);
    }
  }

  /** Writes characters as bytes, if all are ASCII. @returns whether they are. */
  #ascii(value: string): boolean {
    const start = this.#claim(value.length);
    let all = 0;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      this.#block[start + i] = code;
      all |= code;
    }
    if (all < 0x80) return true;
    this.#at += value.length;
    return false;
  }

  /** Makes room for a few bytes before those written. @returns the position of the first in the block. */
  #claim(count: number): number {
    if (count > this.#at) {
      this.#finishPart();
      this.#block = new Uint8Array(blockSize);
      this.#view = new DataView(this.#block.buffer);
      this.#at = this.#end = blockSize;
    }
    this.#at -= count;
    return this.#at;
  }

  #finishPart(): void {
    if (this.#at < this.#end) this.#add(this.#block.subarray(this.#at, this.#end));
    this.#end = this.#at;
  }

  #add(part: Uint8Array): void {
    this.#parts.push(part);
    this.#finished += part.length;
  }
}
