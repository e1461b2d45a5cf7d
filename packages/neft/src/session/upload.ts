import { has, type Rule } from "@neft/options";
import type { EngineLink } from "./engine-link.js";
import type { Id } from "./protocol.js";

/** Bytes per message: a copy of so many takes a few milliseconds. */
const pieceBytes = 4 * 2 ** 20;

/** How bytes reach the engine. */
export interface UploadOptions {
  /** Name of the call in errors. */
  readonly who: string;
  /** Whether to transfer the memory. Bytes that are a part of a larger buffer, or in shared memory, are copied all the same. */
  readonly transfer: boolean;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends bytes to the engine: transferred, or copied in pieces with a turn of the event loop after each, so that a page stays responsive.
 * @throws the signal's reason if it aborts. The engine keeps what it has until `dropUploads`.
 */
export async function upload(
  link: EngineLink,
  id: Id,
  { buffer, byteOffset, byteLength }: ArrayBufferView,
  { transfer, ...call }: UploadOptions,
): Promise<void> {
  if (transfer && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    await link.request("upload", { id, bytes: new Uint8Array(buffer) }, { ...call, transferred: [buffer] });
    return;
  }
  const all = new Uint8Array(buffer, byteOffset, byteLength);
  await link.request("startUpload", { id, length: byteLength }, call);
  for (let at = 0; at < byteLength; at += pieceBytes) {
    const bytes = new Uint8Array(Math.min(pieceBytes, byteLength - at));
    bytes.set(all.subarray(at, at + pieceBytes));
    await link.request("addPiece", { id, at, bytes }, { ...call, transferred: [bytes.buffer] });
  }
}

/**
 * Checks that an array's memory was not moved elsewhere. `buffer.detached` is missing in Node 20.
 * @throws {RangeError} if it was.
 */
export const attachedRule: Rule = (array, who) => {
  try {
    new Uint8Array((array as ArrayBufferView).buffer);
  } catch {
    throw new RangeError(
      `${who}: expected bytes in memory, got an array whose memory was moved (transferred) before; pass a copy`,
    );
  }
};

/** Copies a typed array that is a part of a larger buffer, so that a message doesn't have all of it. */
export function compact<Items>(array: Items, who: string): Items {
  if (!ArrayBuffer.isView(array)) return array;
  attachedRule(array, who);
  const isPart = array.byteLength < array.buffer.byteLength && has(array, "slice");
  return isPart ? (array as unknown as { slice(): Items }).slice() : array;
}
