/** Decompression of deflate data, RFC 1951. Our own, since libraries that also say where the data ends are a tenth of a page's engine. */

/** Deflate data that is corrupt, or ends too soon; the message says what is there. */
export class DeflateError extends Error {}

/** What data that ends too soon is, in words. */
export const cutOff = "an end within a member";

export interface Inflated {
  readonly output: Uint8Array;
  /** Index of the first byte behind the data; undefined when the data has more than `most` bytes, of which `output` then has the first. */
  readonly end: number | undefined;
}

/**
 * Decompresses the data that begins at byte `from`.
 *
 * @param room  expected number of bytes: memory for as many is reserved.
 * @param most  stops at this number of bytes.
 * @throws {DeflateError} when the data is corrupt or cut off before that.
 */
export function inflate(bytes: Uint8Array, from: number, room: number, most: number): Inflated {
  const bits = new Bits(bytes, from);
  const output = new Output(room, most);
  for (let isLast = false; !isLast; ) {
    isLast = bits.take(1) === 1;
    const kind = bits.take(2);
    if (kind === 3) throw new DeflateError("a block of no known kind");
    const isDone =
      kind === 0 ? copyStored(bits, output) : expand(bits, output, ...(kind === 1 ? fixed() : readCodes(bits)));
    if (!isDone) return { output: output.written(), end: undefined };
  }
  return { output: output.written(), end: bits.align() };
}

/** Reads bits, the lowest of each byte first. */
class Bits {
  /** `count` bits that were read ahead, at most 31. */
  hold = 0;
  count = 0;

  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  /** Reads 24 bits ahead, or what is left. */
  fill(): void {
    while (this.count < 24 && this.at < this.bytes.length) {
      this.hold |= this.bytes[this.at++]! << this.count;
      this.count += 8;
    }
  }

  /** Goes on by `n` bits that were read ahead. */
  skip(n: number): void {
    if (n > this.count) throw new DeflateError(cutOff);
    this.hold >>>= n;
    this.count -= n;
  }

  /** The next `n` bits as a number; at most 16. */
  take(n: number): number {
    this.fill();
    const value = this.hold & ((1 << n) - 1);
    this.skip(n);
    return value;
  }

  /** Goes on to the next whole byte and returns its index. */
  align(): number {
    this.at -= this.count >> 3;
    [this.hold, this.count] = [0, 0];
    return this.at;
  }
}

/** Decompressed bytes so far. */
class Output {
  bytes: Uint8Array;
  length = 0;

  constructor(
    room: number,
    readonly most: number,
  ) {
    this.bytes = new Uint8Array(Math.min(room, most));
  }

  /** How many of the next `n` bytes `most` allows; there is memory for them then. */
  allowed(n: number): number {
    const count = Math.min(n, this.most - this.length);
    if (this.length + count > this.bytes.length) {
      const larger = new Uint8Array(Math.min(Math.max(2 * this.bytes.length, this.length + count, 2 ** 16), this.most));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    return count;
  }

  written(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }
}

/** Copies a block that is stored as it is. Returns whether there was room for all of it. */
function copyStored(bits: Bits, output: Output): boolean {
  const at = bits.align() + 4;
  const size = bits.take(16);
  if (bits.take(16) !== (size ^ 0xffff)) throw new DeflateError("a stored block with a wrong length");
  const count = output.allowed(size);
  if (at + count > bits.bytes.length) throw new DeflateError(cutOff);
  output.bytes.set(bits.bytes.subarray(at, at + count), output.length);
  output.length += count;
  bits.align();
  bits.at = at + count;
  return count === size;
}

/** Bits of the codes that `Code.table` finds at once. */
const tableBits = 10;
const longestCode = 15;

/** A prefix code. */
interface Code {
  /** By the next bits of the data: the symbol times 16 plus the length of its code; 0 for longer codes and none. */
  readonly table: Uint16Array;
  /** How many codes there are of each length. */
  readonly counts: Uint16Array;
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array;
}

/** The code whose symbols have codes of these lengths, 0 for none. Only a code of one symbol may leave others out, where `isPartial` allows it. */
function codeOf(lengths: Uint8Array, isPartial: boolean, what: string): Code {
  const counts = new Uint16Array(longestCode + 1);
  for (const length of lengths) counts[length]!++;
  const unused = counts[0]!;
  counts[0] = 0;
  const firsts = new Uint16Array(longestCode + 2);
  let left = 1;
  for (let length = 1; length <= longestCode; length++) {
    left = 2 * left - counts[length]!;
    if (left < 0) break;
    firsts[length + 1] = firsts[length]! + counts[length]!;
  }
  const used = lengths.length - unused;
  if (left < 0 || (left > 0 && !(isPartial && used === counts[1]! && used <= 1)))
    throw new DeflateError(`a wrong set of ${what}`);
  const symbols = new Uint16Array(used);
  const next = firsts.slice();
  for (const [symbol, length] of lengths.entries()) if (length > 0) symbols[next[length]!++] = symbol;
  const table = new Uint16Array(1 << tableBits);
  let [code, at] = [0, 0];
  for (let length = 1; length <= tableBits; length++, code <<= 1)
    for (let i = counts[length]!; i > 0; i--, code++, at++)
      for (let index = reversed(code, length); index < table.length; index += 1 << length)
        table[index] = (symbols[at]! << 4) | length;
  return { table, counts, symbols };
}

/** The lowest `n` bits in the other order, as the data has codes. */
function reversed(value: number, n: number): number {
  let result = 0;
  for (let i = 0; i < n; i++) result |= ((value >> i) & 1) << (n - 1 - i);
  return result;
}

/** The next symbol; -1 for bits that are no code. */
function decode(bits: Bits, { table, counts, symbols }: Code): number {
  bits.fill();
  const entry = table[bits.hold & (table.length - 1)]!;
  if (entry !== 0) {
    bits.skip(entry & 15);
    return entry >> 4;
  }
  // Codes of a length are consecutive numbers, and begin after twice the last shorter one.
  for (let length = 1, code = 0, first = 0, at = 0; length <= longestCode; length++) {
    code |= (bits.hold >> (length - 1)) & 1;
    const count = counts[length]!;
    if (code < first + count) {
      bits.skip(length);
      return symbols[at + code - first]!;
    }
    at += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  // Fewer bits than the longest code has may be the begin of one.
  bits.skip(longestCode);
  return -1;
}

/** Symbols above 256 are lengths of repetitions: the least one of each, from 257 on, and how many bits are added to it. So are distances. */
const [lengthBases, lengthBits] = ranges(29, 4, 3);
const [distanceBases, distanceBits] = ranges(30, 2, 1);
[lengthBases[28], lengthBits[28]] = [258, 0];

/** Numbers of added bits, which grow by one after every `step` symbols from the second step on, and the least values that follow from `first`. */
function ranges(count: number, step: number, first: number): [bases: Uint16Array, added: Uint8Array] {
  const added = Uint8Array.from({ length: count }, (_, i) => Math.max(0, Math.floor(i / step) - 1));
  const bases = new Uint16Array(count);
  let base = first;
  for (const [i, n] of added.entries()) {
    bases[i] = base;
    base += 1 << n;
  }
  return [bases, added];
}

/** Decompresses a block. Returns whether there was room for all of it. */
function expand(bits: Bits, output: Output, lengths: Code, distances: Code): boolean {
  for (;;) {
    const symbol = decode(bits, lengths);
    if (symbol === 256) return true;
    if (symbol < 256) {
      if (symbol < 0) throw new DeflateError("bits that are no code of a length");
      if (output.length === output.bytes.length && output.allowed(1) === 0) return false;
      output.bytes[output.length++] = symbol;
      continue;
    }
    const i = symbol - 257;
    if (i >= lengthBases.length) throw new DeflateError("a length that no code has");
    const size = lengthBases[i]! + bits.take(lengthBits[i]!);
    const j = decode(bits, distances);
    if (j < 0 || j >= distanceBases.length) throw new DeflateError("a distance that no code has");
    const distance = distanceBases[j]! + bits.take(distanceBits[j]!);
    if (distance > output.length) throw new DeflateError("a distance beyond the begin of the data");
    const count = output.allowed(size);
    const { bytes, length } = output;
    // Byte by byte: what is copied may be part of what is read.
    for (let k = length; k < length + count; k++) bytes[k] = bytes[k - distance]!;
    output.length += count;
    if (count < size) return false;
  }
}

let fixedCodes: [lengths: Code, distances: Code] | undefined;

/** The codes of blocks without codes of their own. */
function fixed(): [lengths: Code, distances: Code] {
  const lengths = Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8));
  fixedCodes ??= [codeOf(lengths, false, "codes"), codeOf(new Uint8Array(32).fill(5), false, "codes")];
  return fixedCodes;
}

/** The order in which a block has the lengths of the codes of lengths. */
const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Symbols 16 to 18 repeat a length: bits that say how often, and the least number. */
const repetitions = [
  [2, 3],
  [3, 3],
  [7, 11],
] as const;

/** Reads the codes of a block that has its own. */
function readCodes(bits: Bits): [lengths: Code, distances: Code] {
  const [lengthCount, distanceCount, orderCount] = [257 + bits.take(5), 1 + bits.take(5), 4 + bits.take(4)];
  if (lengthCount > 286 || distanceCount > 30) throw new DeflateError("too many codes in a block");
  const ofLengths = new Uint8Array(order.length);
  for (const symbol of order.slice(0, orderCount)) ofLengths[symbol] = bits.take(3);
  const code = codeOf(ofLengths, false, "codes of code lengths");
  const all = new Uint8Array(lengthCount + distanceCount);
  for (let at = 0; at < all.length; ) {
    const symbol = decode(bits, code);
    if (symbol < 0) throw new DeflateError("bits that are no code length");
    if (symbol < 16) {
      all[at++] = symbol;
      continue;
    }
    const [n, least] = repetitions[symbol - 16]!;
    const end = at + least + bits.take(n);
    if (end > all.length || (symbol === 16 && at === 0)) throw new DeflateError("a repeated code length out of place");
    all.fill(symbol === 16 ? all[at - 1]! : 0, at, end);
    at = end;
  }
  if (all[256] === 0) throw new DeflateError("a block without an end");
  return [
    codeOf(all.subarray(0, lengthCount), true, "codes of lengths"),
    codeOf(all.subarray(lengthCount), true, "codes of distances"),
  ];
}
