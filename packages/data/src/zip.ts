import { inWords } from "@neft/options";
import { shownName, textOf } from "./bytes.js";
import type { Packed } from "./inflate.js";

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;
/** What a 32-bit length is where the real one stands in a zip64 field. */
const elsewhere = 0xffffffff;
const zip64Field = 1;

/** One member of an archive, still packed. */
export interface Member extends Packed {
  readonly name: string;
}

/**
 * The members of a zip archive (stored or deflated, as numpy writes them), none of them unpacked yet: see `headOf` and `contentOf`.
 *
 * The two records of a member have to agree, and members mustn't overlap: each byte of the archive is unpacked once at most.
 * @param who  named in errors.
 * @throws {Error} when the archive is truncated, corrupt, encrypted or otherwise packed, or needs zip64 (4 GB and more).
 */
export function readZip(who: string, bytes: Uint8Array): Member[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(who, view);
  const members: (Member & Place)[] = [];
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
  checkApart(who, members);
  return members;
}

/** Bytes [from, to) of the archive that a member takes, its local record included. */
interface Place {
  readonly from: number;
  readonly to: number;
}

/** Where the archive's list of members lies. */
function findDirectory(who: string, view: DataView): { from: number; to: number; count: number } {
  const length = view.byteLength;
  // A comment of up to 65,535 bytes may follow the end record, which says how long it is.
  const lowest = Math.max(0, length - endBytes - 0xffff);
  let end = length - endBytes;
  const isEnd = (at: number): boolean =>
    view.getUint32(at, true) === endSignature && at + endBytes + view.getUint16(at + 20, true) === length;
  while (end >= lowest && !isEnd(end)) end--;
  if (end < lowest) throw corrupt(who, `${length} bytes without an end record`);
  const [disk, firstDisk, here, count] = [4, 6, 8, 10].map((offset) => view.getUint16(end + offset, true));
  const size = view.getUint32(end + 12, true);
  const from = view.getUint32(end + 16, true);
  if (from === elsewhere || size === elsewhere || count === 0xffff) throw needsZip64(who);
  if (disk !== 0 || firstDisk !== 0 || here !== count) throw corrupt(who, "one part of several");
  if (from + size !== end) throw corrupt(who, `a list of members at byte ${from} that doesn't end at byte ${end}`);
  return { from, to: end, count: count! };
}

/** What both records of a member say, and where in each. */
interface RecordLayout {
  readonly flags: number;
  readonly nameLength: number;
  /** Where its local record is; the local one itself doesn't say. */
  readonly localAt?: number;
}
const centralLayout: RecordLayout = { flags: 8, nameLength: 28, localAt: 42 };
const localLayout: RecordLayout = { flags: 6, nameLength: 26 };

function readRecord(view: DataView, at: number, { flags, nameLength, localAt }: RecordLayout) {
  const word = (offset: number) => view.getUint16(at + offset, true);
  const long = (offset: number) => view.getUint32(at + offset, true);
  return {
    flags: word(flags),
    method: word(flags + 2),
    crc: long(flags + 8),
    packedSize: long(flags + 12),
    size: long(flags + 16),
    nameLength: word(nameLength),
    extraLength: word(nameLength + 2),
    localAt: localAt === undefined ? 0 : long(localAt),
  };
}
type Record = ReturnType<typeof readRecord>;

function readMember(
  who: string,
  bytes: Uint8Array,
  view: DataView,
  record: Record,
  nameAt: number,
  limit: number,
): Member & Place {
  const { flags, method, crc, packedSize, size, localAt: from } = record;
  const name = textOf(bytes.subarray(nameAt, nameAt + record.nameLength));
  const entry = `${who}: ${shownName(name)}`;
  if (packedSize === elsewhere || size === elsewhere || from === elsewhere) throw needsZip64(entry);
  if (flags & 1) throw new Error(`${entry}: expected an unencrypted entry, got an encrypted one`);
  if (method !== 0 && method !== 8) {
    throw new Error(`${entry}: expected a stored or deflated entry, got compression method ${method}`);
  }
  if (from + localBytes > limit || view.getUint32(from, true) !== localSignature) {
    throw corrupt(who, `no data of ${inWords(name)} at byte ${from}`);
  }
  const local = readRecord(view, from, localLayout);
  // The local record's own name and extra field decide where the data begins: numpy adds a field there only.
  const start = from + localBytes + local.nameLength + local.extraLength;
  if (start + packedSize > limit) throw corrupt(who, `${inWords(name)} cut off`);
  const localName = textOf(bytes.subarray(from + localBytes, from + localBytes + local.nameLength));
  // A writer that doesn't know sizes beforehand leaves zeros there, and says so by this flag.
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

/** The sizes in a local record's zip64 field, which numpy writes whatever the size. */
function zip64Sizes(view: DataView, start: number, local: Record): { size?: number; packedSize?: number } {
  if (local.size !== elsewhere || local.packedSize !== elsewhere) return {};
  for (let at = start - local.extraLength; at + 4 <= start; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== zip64Field || view.getUint16(at + 2, true) < 16 || at + 20 > start) continue;
    return { size: Number(view.getBigUint64(at + 4, true)), packedSize: Number(view.getBigUint64(at + 12, true)) };
  }
  return {};
}

function checkApart(who: string, members: readonly (Member & Place)[]): void {
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
