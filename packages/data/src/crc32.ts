const table = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let word = i;
  for (let bit = 0; bit < 8; bit++) word = word & 1 ? (word >>> 1) ^ 0xedb88320 : word >>> 1;
  table[i] = word;
}

/** CRC-32 as in gzip and zip (reflected polynomial 0xEDB88320), an unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array): number {
  let word = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) word = (word >>> 8) ^ table[(word ^ bytes[i]!) & 0xff]!;
  return (word ^ 0xffffffff) >>> 0;
}
