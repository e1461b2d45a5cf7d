/** How the bytes of a protobuf field are delimited: the lower three bits of its tag. */
export enum WireType {
  Varint = 0,
  Bits64 = 1,
  Delimited = 2,
  GroupStart = 3,
  GroupEnd = 4,
  Bits32 = 5,
}

/** Tag of a field's occurrence. */
export const tagOf = (field: number, wire: WireType): number => ((field << 3) | wire) >>> 0;

/** Limit on the depth of messages and groups, as in other implementations: nesting costs stack. */
const maxDepth = 100;

/** Longest string that is decoded without a TextDecoder, whose calls are slow. */
const maxShort = 32;

/** A byte order mark is text here. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** The 64 bits of a varint as two words, and as integers. Words are in memory's order, which is little-endian. */
const words = new Int32Array(2);
const signed = new BigInt64Array(words.buffer);
const unsigned = new BigUint64Array(words.buffer);

/**
 * Reads protobuf's wire format from bytes, each byte once. Nothing is read beyond the innermost open message.
 *
 * All methods throw a RangeError when the message ends early, and an Error for bytes that no message has.
 */
export class WireReader {
  /** Offset of the next byte. */
  at = 0;
  /** Offset of the end of the innermost open message. */
  end: number;
  readonly #view: DataView;
  #depth = 0;
  /** Upper 32 bits of the last varint. */
  #high = 0;

  constructor(readonly bytes: Uint8Array) {
    this.end = bytes.length;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads a field's tag: its number and wire type. */
  tag(): number {
    const tag = this.#varint() >>> 0;
    if (this.#high !== 0 || tag < 8 || (tag & 7) > WireType.Bits32) {
      throw new Error(`illegal tag: field ${tag >>> 3}, wire type ${tag & 7}`);
    }
    return tag;
  }

  /** Lower 32 bits of a varint, as a signed integer. */
  int32(): number {
    return this.#varint();
  }

  int64(): bigint {
    return this.#words() ? BigInt(words[0]!) : signed[0]!;
  }

  uint64(): bigint {
    return this.#words() ? BigInt(words[0]!) : unsigned[0]!;
  }

  float(): number {
    return this.#view.getFloat32(this.advance(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.advance(8), true);
  }

  /** View of delimited bytes. */
  view(): Uint8Array {
    const start = this.advance(this.length());
    return this.bytes.subarray(start, this.at);
  }

  /** Text. Bytes that aren't UTF-8 become U+FFFD. */
  string(): string {
    const length = this.length();
    const start = this.advance(length);
    if (length <= maxShort) {
      const codes = new Array<number>(length);
      let all = 0;
      for (let i = 0; i < length; i++) {
        codes[i] = this.bytes[start + i]!;
        all |= codes[i]!;
      }
      if (all < 0x80) return String.fromCharCode.apply(String, codes);
    }
    // A copy: in browsers, TextDecoder refuses shared memory.
    return utf8.decode(new Uint8Array(this.bytes.subarray(start, this.at)));
  }

  /** Length of delimited bytes, which follow. */
  length(): number {
    const length = this.#varint() >>> 0;
    if (this.#high !== 0 || length > this.end - this.at) throw prematureEnd();
    return length;
  }

  /** Moves over bytes. @returns the offset of the first. */
  advance(count: number): number {
    const start = this.at;
    if (count > this.end - start) throw prematureEnd();
    this.at = start + count;
    return start;
  }

  /** Calls `read` with the reader limited to the delimited bytes that follow. */
  within(read: () => void): void {
    const length = this.length();
    const outer = this.end;
    this.end = this.at + length;
    read();
    this.end = outer;
  }

  /** Calls `read` one level deeper. */
  deeper(read: () => void): void {
    if (++this.#depth > maxDepth) throw new Error(`expected at most ${maxDepth} nested messages, got more`);
    read();
    this.#depth--;
  }

  /** Moves over the value of a field whose tag was read. */
  skip(tag: number): void {
    const wire: WireType = tag & 7;
    if (wire === WireType.Varint) this.#varint();
    else if (wire === WireType.Bits64) this.advance(8);
    else if (wire === WireType.Bits32) this.advance(4);
    else if (wire === WireType.Delimited) this.advance(this.length());
    else if (wire === WireType.GroupStart) this.deeper(() => this.#skipGroup(tag));
    else throw new Error(`illegal tag: end of group ${tag >>> 3}, which wasn't open`);
  }

  #skipGroup(start: number): void {
    const end = start + WireType.GroupEnd - WireType.GroupStart;
    for (let tag = this.tag(); tag !== end; tag = this.tag()) this.skip(tag);
  }

  /** Reads a varint into `words`. @returns whether it is the first word alone, and not negative. */
  #words(): boolean {
    words[0] = this.#varint();
    words[1] = this.#high;
    return this.#high === 0 && words[0] >= 0;
  }

  /** Reads a varint of at most ten bytes. @returns its lower 32 bits. */
  #varint(): number {
    const { bytes, end } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw prematureEnd();
      const byte = bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift > 28) high |= bits << (shift - 32);
      else if (shift === 28) high = bits >>> 4;
      if (byte < 0x80) {
        this.#high = high;
        return low;
      }
    }
    throw new Error("expected a varint of at most ten bytes, got a longer one");
  }
}

const prematureEnd = () => new RangeError("premature end");
