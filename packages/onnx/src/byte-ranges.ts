/** A range of a file, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Range of a view of a file's bytes. */
export function rangeOf(view: Uint8Array, file: Uint8Array): ByteRange {
  return { offset: view.byteOffset - file.byteOffset, length: view.length };
}

/** Number of bytes in several ranges. */
export function lengthOf(ranges: readonly ByteRange[]): number {
  return ranges.reduce((sum, { length }) => sum + length, 0);
}
