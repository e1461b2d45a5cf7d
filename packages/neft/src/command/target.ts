import { type BigIntStats, constants, fstatSync, openSync, writeSync } from "node:fs";
import { access, lstat, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { notThere } from "../system-errors.js";

/** What a path given for an output leads to. */
export type Target =
  | {
      readonly kind: "file";
      /** All links resolved. */
      readonly path: string;
      /** The folder it is in. */
      readonly folder: BigIntStats;
      /** The file that stands there already. */
      readonly file: BigIntStats | undefined;
    }
  /** A pipe, a device or an open file of this process: takes contents as they come. */
  | {
      readonly kind: "stream";
      readonly descriptor: number;
      /** Which of this process' open files the path named, 1 for /dev/stdout; nothing where it named none. */
      readonly own: number | undefined;
      readonly file: BigIntStats;
    };

/** As many links as Linux follows. */
const mostLinks = 40;

const withCode = (code: string): Error => Object.assign(new Error(code), { code });
const endsInSeparator = (path: string): boolean =>
  path.endsWith("/") || (process.platform === "win32" && path.endsWith("\\"));

/**
 * Follows a path for an output, also over links that lead to nothing yet, whose target will be made as a shell's `>` makes it.
 *
 * `/dev/stdout` and its like are this process' own open files: they are written to, not replaced. A pipe with a name is opened here
 * and stays open, since its reader would take a second opening for the end.
 * @throws {Error} with the reason, where nothing can be written there.
 */
export async function findTarget(path: string): Promise<Target> {
  let at = path;
  for (let links = 0; links <= mostLinks; links++) {
    const name = basename(at);
    if (endsInSeparator(at) || ["", ".", ".."].includes(name)) throw new Error("it names a folder; name a file in it");
    const folder = await realpath(dirname(at));
    const real = join(folder, name);
    const descriptor = ownDescriptor(at) ?? ownDescriptor(real);
    if (descriptor !== undefined) return ownStream(descriptor);
    const file = await lstat(real, { bigint: true }).catch(notThere);
    if (file?.isSymbolicLink()) {
      const link = await readlink(real);
      at = isAbsolute(link) ? link : `${folder}/${link}`;
      continue;
    }
    if (file?.isDirectory()) throw withCode("EISDIR");
    if (file?.isBlockDevice()) throw new Error("it is a disk");
    if (file?.isSocket()) throw new Error("it is a socket");
    if (file && !file.isFile()) return { kind: "stream", descriptor: openStream(real), own: undefined, file };
    if (file) await access(real, constants.W_OK);
    return { kind: "file", path: real, folder: await stat(folder, { bigint: true }), file };
  }
  throw withCode("ELOOP");
}

/** The open file of this process that a path means: 1 for /dev/fd/1, and for /proc/self/fd/1 with the link in it or without. */
function ownDescriptor(path: string): number | undefined {
  const found = /^\/(?:dev|proc\/(self|thread-self|\d+)(?:\/task\/\d+)?)\/fd\/(\d+)$/.exec(path);
  const isOwn = found && [undefined, "self", "thread-self", String(process.pid)].includes(found[1]);
  return isOwn ? Number(found[2]) : undefined;
}

function ownStream(descriptor: number): Target {
  const file = fstatSync(descriptor, { bigint: true });
  // Writing nothing finds out whether it was opened for reading alone.
  writeSync(descriptor, new Uint8Array(0));
  return { kind: "stream", descriptor: file.isFIFO() ? reopened(descriptor) : descriptor, own: descriptor, file };
}

/** A pipe opened anew, so that writing it never blocks; where that can't be, itself. */
function reopened(descriptor: number): number {
  try {
    return openStream(`/dev/fd/${descriptor}`);
  } catch {
    return descriptor;
  }
}

/** Opens a pipe or a device; a pipe without a reader is an error (ENXIO) instead of a wait without end. */
function openStream(path: string): number {
  return openSync(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
}
