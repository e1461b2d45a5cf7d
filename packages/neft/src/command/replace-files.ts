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
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { inWords } from "@neft/options";
import { systemReason } from "../system-errors.js";
import { withSignalsHeld } from "./interrupt.js";

/** A file and what it is to hold. */
export interface Replacement {
  /** Named in errors. */
  readonly who: string;
  readonly path: string;
  /** The same with all links resolved. */
  readonly target: string;
  /** Folders on the way that may have to be made, outermost first. */
  readonly missingFolders: readonly string[];
  /** What stood there, whose permissions stay. */
  readonly was: BigIntStats | undefined;
  readonly bytes: string | Uint8Array;
}

// Everything here is synchronous, with signals held back, so that none of these files outlives an end of the process that can be handled
// at all. One left by a kill or a power cut is in nobody's way: names are drawn, and made with O_EXCL.

/** A name of its own, and a short one: the target's may be as long as the file system allows. */
const partialIn = (folder: string): string => join(folder, `.neft-${randomUUID()}.partial`);

/**
 * Finds out whether a file can be made beside `target`, in folders that are made for it too, and leaves nothing behind.
 * @returns whether the file system takes "a" and "A" for one name.
 */
export function tryPlace(target: string, missingFolders: readonly string[]): boolean {
  return withSignalsHeld(() => placeOnce(target, missingFolders));
}

function placeOnce(target: string, missingFolders: readonly string[]): boolean {
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
 * Gives files their new contents, each in one step, and all of them or none: where one fails, the others are put back.
 * @throws {Error} naming the one that failed.
 */
export function replaceFiles(files: readonly Replacement[]): void {
  withSignalsHeld(() => replaceAll(files));
}

function replaceAll(files: readonly Replacement[]): void {
  const made: string[] = [];
  const partials: string[] = [];
  const putBack: (() => string[])[] = [];
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
      // A single file needs no way back: its rename happens or doesn't.
      if (files.length > 1) putBack.unshift(keepEarlier(target, partials));
      renameSync(partials[i]!, target);
    });
  } catch (error) {
    const kept = putBack.flatMap((one) => one());
    removeAll(partials);
    removeFolders(made);
    const after = kept.length === 0 ? "what was there before is unchanged" : kept.join("; ");
    throw new Error(`${current!.who}: writing ${inWords(current!.path)} failed (${systemReason(error)}); ${after}`, {
      cause: error,
    });
  }
  removeAll(partials);
}

function writePartial(partial: string, bytes: string | Uint8Array, was: BigIntStats | undefined): void {
  const file = openSync(partial, "wx");
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if (was !== undefined) chmodSync(partial, Number(was.mode) & 0o7777);
}

/** The folder was found with its links resolved; one that has become a link since leads elsewhere. */
function checkFolder(target: string): void {
  const folder = dirname(target);
  if (realpathSync.native(folder) !== folder) throw new Error("its folder was replaced by a link");
}

/** Keeps what stands at a target under a second name, which is added to `partials`. Returns what puts it back, or says where it is. */
function keepEarlier(target: string, partials: string[]): () => string[] {
  if (lstatSync(target, { throwIfNoEntry: false }) === undefined) {
    return () =>
      attempt(() => rmSync(target, { force: true })).map((why) => `${inWords(target)} is new and stays (${why})`);
  }
  const earlier = partialIn(dirname(target));
  partials.push(earlier);
  try {
    linkSync(target, earlier);
  } catch {
    copyFileSync(target, earlier); // Not every file system has links.
  }
  return () =>
    attempt(() => renameSync(earlier, target)).map((why) => {
      partials.splice(partials.indexOf(earlier), 1);
      return `what was at ${inWords(target)} is now at ${inWords(earlier)} (${why})`;
    });
}

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

/** Removes folders that hold nothing, innermost first. */
function removeFolders(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) attempt(() => rmdirSync(folder));
}

function removeAll(files: readonly string[]): void {
  for (const file of files) attempt(() => rmSync(file, { force: true }));
}

/** Does what can be done; returns why it couldn't be. */
function attempt(body: () => void): string[] {
  try {
    body();
    return [];
  } catch (error) {
    return [systemReason(error)];
  }
}
