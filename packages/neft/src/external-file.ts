import { type BigIntStats, constants } from "node:fs";
import { lstat, open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { namesOfLocation } from "@neft/onnx";
import { inWords } from "@neft/options";
import { systemReason, undefinedIfMissing } from "./system-errors.js";
import { readWhole } from "./whole-file.js";

/** The file that a location of external data resolves to. */
export interface ExternalTarget {
  /** Absolute path inside the model's folder, with links to that folder resolved. */
  readonly path: string;
  /** Folders of the path that don't exist, outermost first. If there are any, `file` is undefined. */
  readonly missingFolders: readonly string[];
  /** The regular file at `path`; undefined if it doesn't exist. */
  readonly file: BigIntStats | undefined;
}

/**
 * Resolves a location of external data within a folder. All reads and writes of external data go through this check.
 *
 * The user chose the folder, so its path may contain links. The location comes from an untrusted file: no part of it may be a link,
 * even one that stays inside (its target can change); the last part must be a regular file, all others folders. Missing parts are
 * allowed.
 * @throws {OnnxError} if the location could leave the folder on any system.
 * @throws {Error} if a part is a link, a device, a pipe or of the wrong kind, or can't be inspected.
 */
export async function findExternal(folder: string, location: string): Promise<ExternalTarget> {
  const names = namesOfLocation(location);
  const refuse = (reason: string): Error =>
    new Error(
      `external data: expected a regular file inside ${inWords(folder)} on a path without links, got ${inWords(location)} (${reason})`,
    );
  let path: string;
  try {
    path = await realpath(folder);
  } catch (error) {
    throw refuse(systemReason(error));
  }
  const missingFolders: string[] = [];
  let file: BigIntStats | undefined;
  for (const [i, name] of names.entries()) {
    path = join(path, name);
    const isLast = i === names.length - 1;
    const there = await lstat(path, { bigint: true })
      .catch(undefinedIfMissing)
      .catch((error) => {
        throw refuse(systemReason(error));
      });
    if (there === undefined) {
      if (!isLast) missingFolders.push(path);
    } else if (there.isSymbolicLink()) throw refuse(`${inWords(name)} is a symbolic link`);
    else if (!isLast && !there.isDirectory()) throw refuse(`${inWords(name)} is not a folder`);
    else if (isLast && there.isDirectory()) throw refuse(`${inWords(name)} is a folder`);
    else if (isLast && !there.isFile()) throw refuse(`${inWords(name)} is not a regular file`);
    else if (isLast) file = there;
  }
  return { path, missingFolders, file };
}

/** Flags that refuse links and don't block on pipes. Windows has neither; there, `findExternal` is the only check. */
const noFollow = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a file of a model's external data.
 * @throws {Error} as `findExternal`, and if the file is missing, can't be read, or was replaced between check and opening.
 */
export async function readExternal(folder: string, location: string): Promise<Uint8Array> {
  const { path, file } = await findExternal(folder, location);
  const cannotRead = (reason: string, cause?: unknown): Error =>
    new Error(`can't read ${inWords(join(folder, location))}: ${reason}`, { cause });
  if (file === undefined) throw cannotRead("no such file or directory");
  try {
    const handle = await open(path, constants.O_RDONLY | noFollow);
    try {
      // The opened file must be the inspected one: the name may have been reassigned in between.
      const { dev, ino, size } = await handle.stat({ bigint: true });
      if (dev !== file.dev || ino !== file.ino) throw new Error("it was replaced while it was being opened");
      return await readWhole(handle, Number(size));
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw cannotRead(systemReason(error), error);
  }
}
