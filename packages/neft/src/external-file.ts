import { type BigIntStats, constants } from "node:fs";
import { lstat, open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { namesOfLocation } from "@neft/onnx";
import { inWords } from "@neft/options";
import { notThere, systemReason } from "./system-errors.js";

/** Where a location of external data leads. */
export interface ExternalPlace {
  /** Inside the folder, all links resolved. */
  readonly path: string;
  /** Folders on the way that don't exist, outermost first; then there is no file either. */
  readonly missingFolders: readonly string[];
  /** The file that stands there, an ordinary one; nothing where there is none. */
  readonly file: BigIntStats | undefined;
}

/**
 * Where a location of external data leads from a folder; the one judge of what stays inside it, for reading and for writing.
 *
 * The folder itself is its user's choice, and may be reached through links. From there on the file decides, which may be anybody's:
 * no name may be a link, wherever it leads (what it points to can change), all but the last are folders, the last is an ordinary file.
 * @throws {OnnxError} for a location that could lead out of the folder on some system.
 * @throws {Error} for a link, a device, a pipe or a folder, or where the system refuses.
 */
export async function findExternal(folder: string, location: string): Promise<ExternalPlace> {
  const names = namesOfLocation(location);
  const refuse = (reason: string): Error =>
    new Error(
      `external data: expected an ordinary file inside ${inWords(folder)} and no link on the way, got ${inWords(location)} (${reason})`,
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
      .catch(notThere)
      .catch((error) => {
        throw refuse(systemReason(error));
      });
    if (there === undefined) {
      if (!isLast) missingFolders.push(path);
    } else if (there.isSymbolicLink()) throw refuse(`${inWords(name)} is a symbolic link`);
    else if (!isLast && !there.isDirectory()) throw refuse(`${inWords(name)} is no folder`);
    else if (isLast && there.isDirectory()) throw refuse(`${inWords(name)} is a folder`);
    else if (isLast && !there.isFile()) throw refuse(`${inWords(name)} is no ordinary file`);
    else if (isLast) file = there;
  }
  return { path, missingFolders, file };
}

/** Not there on Windows, where `findExternal` is all there is. */
const noFollow = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * The bytes of a model's external data.
 * @throws {Error} where `findExternal` does, and when the file isn't there, can't be read, or is put in its place meanwhile.
 */
export async function readExternal(folder: string, location: string): Promise<Uint8Array> {
  const { path, file } = await findExternal(folder, location);
  const cannotRead = (reason: string, cause?: unknown): Error =>
    new Error(`can't read ${inWords(join(folder, location))}: ${reason}`, { cause });
  if (file === undefined) throw cannotRead("no such file or directory");
  try {
    const handle = await open(path, constants.O_RDONLY | noFollow);
    try {
      // What was opened has to be what was looked at: names can change in between.
      const { dev, ino } = await handle.stat({ bigint: true });
      if (dev !== file.dev || ino !== file.ino) throw new Error("it was replaced while it was being opened");
      return new Uint8Array(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw cannotRead(systemReason(error), error);
  }
}
