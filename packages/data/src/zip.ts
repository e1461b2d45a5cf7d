import { inWords } from "@neft/options";
import { shownName, textOf } from "./bytes.js";
import type { Packed } from "./inflate.js";

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
/** Value of a 32-bit size or offset whose real value is in a zip64 field. */
const zip64Marker = 0xffffffff;
const zip64Field = 1;

/** One member of an archive, not decompressed. */
export interface Member extends Packed {
  readonly name: string;
}

/**
 * Lists the members of a zip archive, stored or deflated, without decompressing them; `headOf` and `contentOf` do that.
 *
 * The central and the local record of a member must agree, and members must not overlap, so that no byte is decompressed twice.
 * @param who  the caller's name in errors.
 * @throws {Error} when the archive is truncated or corrupt, is encrypted or uses another compression, or needs zip64 (4 GB and more).
 */
export function readZip(who: string, bytes: Uint8Array): Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(who, view);
  const members: (Member & ByteRange)[] = [];
  let at = directory.from;
  for (let i = 0; i < directory.count; i++) {
    if (at + entryBytes > directory.to || view.getUint32(at, true) !== entrySignature) {
      throw corrupt(who, `no entry ${i} at byte ${at}`);
    }
    const record = readRecord(view, at, centralLayout);
    const nameAt = at + entryBytes;
    at = nameAt + record.nameLength + record.extraLength + view.getUint16(at + 32, true);
    if (at > directory.to) throw corrupt(who, `entry ${i} cut off`);
    members.push(readMember(who, bytes, view, record, nameAt, directory.from));
  }
  if (at !== directory.to) throw corrupt(who, `${directory.to - at} bytes after its last entry`);
  checkNoOverlap(who, members);
  return members;
}

/** Bytes [from, to) of a member in the archive, with its local record. */
interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Byte range and number of entries of the archive's central directory. */
function findDirectory(who: string, view: DataView): { from: number; to: number; count: number } {
  const length = view.byteLength;
  // A comment of up to 65,535 bytes may follow the end record, which states its length.
  const lowest = Math.max(0, length - endBytes - 0xffff);
  let end = length - endBytes;
  const isEnd = (at: number): boolean =>
    view.getUint32(at, true) === endSignature && at + endBytes + view.getUint16(at + 20, true) === length;
  while (end >= lowest && !isEnd(end)) end--;
  if (end < lowest) throw corrupt(who, `${length} bytes without an end record`);
  const [disk, firstDisk, diskCount, count] = [4, 6, 8, 10].map((offset) => view.getUint16(end + offset, true));
  const size = view.getUint32(end + 12, true);
  const from = view.getUint32(end + 16, true);
  if (from === zip64Marker || size === zip64Marker || count === 0xffff) throw needsZip64(who);
  if (disk !== 0 || firstDisk !== 0 || diskCount !== count) throw corrupt(who, "one volume of several");
  if (from + size !== end) throw corrupt(who, `a list of members at byte ${from} that doesn't end at byte ${end}`);
  return { from, to: end, count: count! };
}

/** Offsets of the fields that both records of a member have; the fields between `flags` and `nameLength` follow `flags`. */
interface RecordLayout {
  readonly flags: number;
  readonly nameLength: number;
  /** Offset of the field with the local record's position; only the central record has it. */
  readonly localAt?: number;
}
const centralLayout: RecordLayout = { flags: 8, nameLength: 28, localAt: 42 };
const localLayout: RecordLayout = { flags: 6, nameLength: 26 };

/** Fields of a central or local record at byte `at`. */
function readRecord(view: DataView, at: number, { flags, nameLength, localAt }: RecordLayout) {
  const uint16 = (offset: number) => view.getUint16(at + offset, true);
  const uint32 = (offset: number) => view.getUint32(at + offset, true);
  return {
    flags: uint16(flags),
    method: uint16(flags + 2),
    crc: uint32(flags + 8),
    packedSize: uint32(flags + 12),
    size: uint32(flags + 16),
    nameLength: uint16(nameLength),
    extraLength: uint16(nameLength + 2),
    localAt: localAt === undefined ? 0 : uint32(localAt),
  };
}
type Record = ReturnType<typeof readRecord>;

/** A member from its central record, checked against its local record. The data must end before byte `limit`. */
function readMember(
  who: string,
  bytes: Uint8Array,
  view: DataView,
  record: Record,
  nameAt: number,
  limit: number,
): Member & ByteRange {
  const { flags, method, crc, packedSize, size, localAt: from } = record;
  const name = textOf(bytes.subarray(nameAt, nameAt + record.nameLength));
  const entry = `${who}: ${shownName(name)}`;
  if (packedSize === zip64Marker || size === zip64Marker || from === zip64Marker) throw needsZip64(entry);
  if (flags & 1) throw new Error(`${entry}: expected an unencrypted entry, got an encrypted one`);
  if (method !== 0 && method !== 8) {
    throw new Error(`${entry}: expected a stored or deflated entry, got compression method ${method}`);
  }
  if (from + localBytes > limit || view.getUint32(from, true) !== localSignature) {
    throw corrupt(who, `no data of ${inWords(name)} at byte ${from}`);
  }
  const local = readRecord(view, from, localLayout);
  // The data follows the local record's name and extra field, which can differ in length from the central ones: numpy extends only these.
  const start = from + localBytes + local.nameLength + local.extraLength;
  if (start + packedSize > limit) throw corrupt(who, `${inWords(name)} cut off`);
  const localName = textOf(bytes.subarray(from + localBytes, from + localBytes + local.nameLength));
  // A streaming writer sets this flag and leaves sizes and CRC-32 zero in the local record.
  const isStreamed = (local.flags & 8) !== 0;
  const stated = isStreamed ? { packedSize, size, crc } : { ...local, ...zip64Sizes(view, start, local) };
  if (
    localName !== name ||
    local.method !== method ||
    stated.size !== size ||
    stated.packedSize !== packedSize ||
    stated.crc !== crc
  ) {
    throw corrupt(who, `two records of ${inWords(name)} that differ`);
  }
  const to = start + packedSize;
  return { name, bytes: bytes.subarray(start, to), isDeflated: method === 8, size, crc, from, to };
}

/** Sizes in a local record's zip64 field, which numpy writes for members of any size. */
function zip64Sizes(view: DataView, start: number, local: Record): { size?: number; packedSize?: number } {
  if (local.size !== zip64Marker || local.packedSize !== zip64Marker) return {};
  for (let at = start - local.extraLength; at + 4 <= start; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== zip64Field || view.getUint16(at + 2, true) < 16 || at + 20 > start) continue;
    return { size: Number(view.getBigUint64(at + 4, true)), packedSize: Number(view.getBigUint64(at + 12, true)) };
  }
  return {};
}

function checkNoOverlap(who: string, members: readonly (Member & ByteRange)[]): void {
  const ordered = [...members].sort((a, b) => a.from - b.from);
  for (const [i, { name, from }] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before && before.to > from)
      throw corrupt(who, `${inWords(before.name)} and ${inWords(name)} in the same bytes`);
  }
}

const needsZip64 = (who: string): Error => new Error(`${who}: expected less than 4 GB, got a zip64 archive`);

const corrupt = (who: string, got: string): Error =>
  new Error(`${who}: expected a zip archive, got ${got}; the file is truncated or corrupt`);
