import { rmSync, type Stats } from "node:fs";
import { access, chmod, constants, lstat, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemReason, UsageError } from "../failure.js";

/** A place for a result that was found to be writable before the work began. */
export interface OutputFile {
  /** As the user wrote it. */
  readonly path: string;
  /** What the path leads to, symbolic links followed; equal for two names of one file. */
  readonly target: string;
  /** Puts `contents` at the path whole, or leaves what was there untouched and throws. Can be called again. */
  write(contents: string | Uint8Array): Promise<void>;
  /** Gives the place up; what was there stays. */
  discard(): Promise<void>;
}

let opened = 0;
const partials = new Set<string>();

/** Removes what unfinished outputs have left on the disk; for the moment before the process ends. */
export function removePartials(): void {
  for (const partial of partials) rmSync(partial, { force: true });
  partials.clear();
}

const cannotWrite = (who: string, path: string, cause: unknown): Error =>
  new Error(`${who}: expected a path that can be written, got "${path}" (${systemReason(cause)})`, { cause });

/**
 * Makes sure `path` can be written, by making an empty file beside it that later takes the contents and then its name, so a file
 * that is already there is replaced only by a complete one. Devices and pipes (`/dev/stdout`) are written directly.
 *
 * @param who the option to name in errors.
 * @param inputs files that mustn't be replaced.
 * @throws {UsageError} when the path is one of the inputs, under whatever name.
 * @throws {Error} when the folder is missing, is read-only or the path is a folder or a file that mayn't be written.
 */
export async function openOutput(path: string, who: string, inputs: readonly string[] = []): Promise<OutputFile> {
  let target = resolve(path);
  let mode: number | undefined;
  try {
    const link = await lstat(target).catch(notThere);
    if (link?.isSymbolicLink()) target = await realpath(target);
    const there = await stat(target).catch(notThere);
    if (there?.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    if (there) await access(target, constants.W_OK);
    if (there && !there.isFile()) return directOutput(path, target, who);
    if (there) await refuseInputs(path, who, there, inputs);
    mode = there?.mode;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw cannotWrite(who, path, error);
  }

  // A short name of its own: the target's may already be as long as the file system allows.
  const partial = join(dirname(target), `.neft-${process.pid}-${opened++}.partial`);
  const create = async (): Promise<void> => {
    await (await open(partial, "wx")).close();
    partials.add(partial);
  };
  const discard = async (): Promise<void> => {
    await rm(partial, { force: true });
    partials.delete(partial);
  };
  try {
    await create();
  } catch (error) {
    throw cannotWrite(who, path, error);
  }

  const write = async (contents: string | Uint8Array): Promise<void> => {
    try {
      const file = await open(partial, "w");
      partials.add(partial);
      try {
        await file.writeFile(contents);
        await file.sync();
      } finally {
        await file.close();
      }
      if (mode !== undefined) await chmod(partial, mode & 0o7777);
      await rename(partial, target);
      partials.delete(partial);
    } catch (error) {
      await discard();
      throw new Error(`${who}: writing "${path}" failed (${systemReason(error)}); what was there before is unchanged`, {
        cause: error,
      });
    }
  };
  return { path, target, write, discard };
}

async function refuseInputs(path: string, who: string, there: Stats, inputs: readonly string[]): Promise<void> {
  for (const input of inputs) {
    const read = await stat(input).catch(() => undefined); // What can't be read is reported by who reads it.
    if (read?.dev === there.dev && read.ino === there.ino)
      throw new UsageError(`${who}: expected another file than the input "${input}", got "${path}"`);
  }
}

function notThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}

/** A device or pipe can't be renamed onto: it takes the contents as they come. */
function directOutput(path: string, target: string, who: string): OutputFile {
  const write = async (contents: string | Uint8Array): Promise<void> => {
    try {
      await writeFile(target, contents);
    } catch (error) {
      throw new Error(`${who}: writing "${path}" failed (${systemReason(error)})`, { cause: error });
    }
  };
  return { path, target, write, discard: async () => {} };
}
