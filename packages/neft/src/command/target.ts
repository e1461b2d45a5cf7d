import { type BigIntStats, constants, fstatSync, openSync, writeSync } from "node:fs";
import { access, lstat, readlink, realpath, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { undefinedIfMissing } from "../system-errors.js";

/** The file or stream that an output's path resolves to. */
export type Target =
  | {
      readonly kind: "file";
      /** The path with all links resolved. */
      readonly path: string;
      /** The folder that contains it. */
      readonly folder: BigIntStats;
      /** The existing file; undefined if there is none. */
      readonly file: BigIntStats | undefined;
    }
  /** A pipe, a device or an open file of this process: written directly. */
  | {
      readonly kind: "stream";
      readonly descriptor: number;
      /** Descriptor of this process that the path names, such as 1 for /dev/stdout; undefined for other paths. */
      readonly own: number | undefined;
      readonly file: BigIntStats;
    };

/** Maximum number of links to follow, as in Linux. */
const mostLinks = 40;

const withCode = (code: string): Error => Object.assign(new Error(code), { code });
const endsInSeparator = (path: string): boolean =>
  path.endsWith("/") || (process.platform === "win32" && path.endsWith("\\"));

/**
 * Resolves the path of an output. Links are followed even if their target doesn't exist yet, as a shell's `>` does.
 *
 * `/dev/stdout` and the like name open files of this process, which are written, not replaced. A named pipe is opened here and stays
 * open: closing it would end its reader.
 * @throws {Error} with the reason, if the path can't be written.
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
    const file = await lstat(real, { bigint: true }).catch(undefinedIfMissing);
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

/** The descriptor of this process that a path names: 1 for /dev/fd/1, /proc/self/fd/1 and /proc/PID/fd/1; undefined for other paths. */
function ownDescriptor(path: string): number | undefined {
  const found = /^\/(?:dev|proc\/(self|thread-self|\d+)(?:\/task\/\d+)?)\/fd\/(\d+)$/.exec(path);
  const isOwn = found && [undefined, "self", "thread-self", String(process.pid)].includes(found[1]);
  return isOwn ? Number(found[2]) : undefined;
}

/** The target of a descriptor of this process. */
function ownStream(descriptor: number): Target {
  const file = fstatSync(descriptor, { bigint: true });
  // An empty write fails if the file is open for reading only.
  writeSync(descriptor, new Uint8Array(0));
  return { kind: "stream", descriptor: file.isFIFO() ? reopened(descriptor) : descriptor, own: descriptor, file };
}

/** Opens a pipe again in non-blocking mode; returns the given descriptor if that fails. */
function reopened(descriptor: number): number {
  try {
    return openStream(`/dev/fd/${descriptor}`);
  } catch {
    return descriptor;
  }
}

/** Opens a pipe or a device without blocking: a pipe without a reader is an error (ENXIO). */
function openStream(path: string): number {
  return openSync(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
}
