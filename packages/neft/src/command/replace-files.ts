import { randomUUID } from "node:crypto";
import {
  type BigIntStats,
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { inWords } from "@neft/options";
import { systemReason } from "../system-errors.js";
import { writeWhole } from "../whole-file.js";
import { withSignalsHeld } from "./interrupt.js";

/** A file and its new contents. */
export interface Replacement {
  /** Name of the output in errors. */
  readonly who: string;
  readonly path: string;
  /** `path` with all links resolved. */
  readonly target: string;
  /** Folders of the path that may have to be created, outermost first. */
  readonly missingFolders: readonly string[];
  /** The existing file, whose permissions are kept; undefined if there is none. */
  readonly was: BigIntStats | undefined;
  readonly bytes: string | Uint8Array;
}

// Everything here is synchronous with signals deferred, so temporary files are removed at every end of the process that can be handled.
// A file left by SIGKILL or a power cut does no harm: names are random, and files are created with O_EXCL.

/** A random path for a temporary file. Not derived from the target's name, which may have the maximum length. */
const partialIn = (folder: string): string => join(folder, `.neft-${randomUUID()}.partial`);

/**
 * Tries to create a file next to `target`, with missing folders, and removes all of it again.
 * @returns whether the file system ignores case in names.
 * @throws {Error} if the file or a folder can't be created.
 */
export function tryCreate(target: string, missingFolders: readonly string[]): boolean {
  return withSignalsHeld(() => tryCreateNow(target, missingFolders));
}

function tryCreateNow(target: string, missingFolders: readonly string[]): boolean {
  const made = makeFolders(missingFolders);
  const partial = partialIn(dirname(target));
  try {
    lstatSync(target, { throwIfNoEntry: false }); // Throws for a name that is too long.
    closeSync(openSync(partial, "wx"));
    const other = join(dirname(partial), basename(partial).toUpperCase());
    return lstatSync(other, { throwIfNoEntry: false }) !== undefined;
  } finally {
    rmSync(partial, { force: true });
    removeFolders(made);
  }
}

/**
 * Replaces files atomically, all or none: if one fails, the others are restored.
 * @throws {Error} naming the failed file, and each file that couldn't be restored.
 */
export function replaceFiles(files: readonly Replacement[]): void {
  withSignalsHeld(() => replaceAll(files));
}

function replaceAll(files: readonly Replacement[]): void {
  const made: string[] = [];
  const partials: string[] = [];
  const restore: (() => string[])[] = [];
  let current = files[0];
  const each = (body: (file: Replacement, i: number) => void): void => {
    for (const [i, file] of files.entries()) {
      current = file;
      body(file, i);
    }
  };
  try {
    each(({ missingFolders }) => made.push(...makeFolders(missingFolders)));
    each(({ target, was, bytes }) => {
      checkFolder(target);
      const partial = partialIn(dirname(target));
      partials.push(partial);
      writePartial(partial, bytes, was);
    });
    each(({ target }, i) => {
      checkFolder(target);
      // A single file needs no backup: its rename is atomic.
      if (files.length > 1) restore.unshift(backUp(target, partials));
      renameSync(partials[i]!, target);
    });
  } catch (error) {
    const unrestored = restore.flatMap((one) => one());
    removeAll(partials);
    removeFolders(made);
    const after = unrestored.length === 0 ? "all existing files are unchanged" : unrestored.join("; ");
    throw new Error(`${current!.who}: writing ${inWords(current!.path)} failed (${systemReason(error)}); ${after}`, {
      cause: error,
    });
  }
  removeAll(partials);
}

function writePartial(partial: string, bytes: string | Uint8Array, was: BigIntStats | undefined): void {
  const file = openSync(partial, "wx");
  try {
    writeWhole(file, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (was !== undefined) chmodSync(partial, Number(was.mode) & 0o7777);
}

/** Checks that the target's folder, found with links resolved, has not been replaced by a link since. */
function checkFolder(target: string): void {
  const folder = dirname(target);
  if (realpathSync.native(folder) !== folder) throw new Error("its folder was replaced by a link");
}

/**
 * Keeps the existing file of a target under a second name, which is added to `partials`.
 * @returns a function that restores it, and returns a message if that fails.
 */
function backUp(target: string, partials: string[]): () => string[] {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) {
    return () =>
      attempt(() => rmSync(target, { force: true })).map(
        (why) => `${inWords(target)} is new and could not be removed (${why})`,
      );
  }
  const backup = partialIn(dirname(target));
  partials.push(backup);
  try {
    linkSync(target, backup);
  } catch {
    copyFileSync(target, backup); // Not every file system supports links.
  }
  return () =>
    attempt(() => renameSync(backup, target)).map((why) => {
      partials.splice(partials.indexOf(backup), 1);
      return `the previous ${inWords(target)} is now at ${inWords(backup)} (${why})`;
    });
}

/** Creates missing folders; returns the created ones. Removes them again on an error. */
function makeFolders(folders: readonly string[]): string[] {
  const made: string[] = [];
  try {
    for (const folder of folders) {
      if (lstatSync(folder, { throwIfNoEntry: false }) !== undefined) continue;
      mkdirSync(folder);
      made.push(folder);
    }
  } catch (error) {
    removeFolders(made);
    throw error;
  }
  return made;
}

/** Removes empty folders, innermost first. */
function removeFolders(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) attempt(() => rmdirSync(folder));
}

function removeAll(files: readonly string[]): void {
  for (const file of files) attempt(() => rmSync(file, { force: true }));
}

/** Runs `body`; returns the reason if it fails, else nothing. */
function attempt(body: () => void): string[] {
  try {
    body();
    return [];
  } catch (error) {
    return [systemReason(error)];
  }
}
