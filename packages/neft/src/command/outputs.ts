import * as fs from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { externalFilesOf, namesOfLocation } from "@neft/onnx";
import { inWords } from "@neft/options";
import { findExternal } from "../external-file.js";
import { messageOf, systemReason, undefinedIfMissing } from "../system-errors.js";
import { UsageError } from "./exit-codes.js";
import { replaceFiles, tryCreate } from "./replace-files.js";
import { findTarget, type Target } from "./target.js";
import { takeStandardOutput } from "./terminal.js";

/** A result's destination, checked to be writable before the work begins. */
export interface Output {
  /** Name in errors: the option, or the external data. */
  readonly who: string;
  /** The path as given by the user, or the path of the external data. */
  readonly path: string;
  readonly target: Target;
  /** Folders to create for it, outermost first. */
  readonly missingFolders: readonly string[];
  /** Keys that two outputs share if they are the same file: its location, and the identity of an existing file. */
  readonly identities: readonly string[];
}

/** A file's device and inode; empty on file systems without inodes, where all files would seem the same. */
function identity({ dev, ino }: fs.BigIntStats): string[] {
  return ino === 0n ? [] : [`${dev}:${ino}`];
}

const cannotWrite = (who: string, path: string, cause: unknown): Error =>
  new Error(`${who}: expected a path that can be written, got ${inWords(path)} (${systemReason(cause)})`, { cause });

/**
 * All files that a command writes. They differ from each other and from all files the command reads, even under other names.
 * A run that ends before it writes leaves nothing on disk.
 */
export class Outputs {
  readonly #outputs: Output[] = [];
  /** Paths by identity. */
  readonly #inputs = new Map<string, string>();

  /**
   * Registers files that the command reads.
   * @param paths  unreadable ones are ignored; reading them reports the error.
   * @throws {UsageError} if one of them is an output.
   */
  async addInputs(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      if (found?.isFile()) for (const one of identity(found)) this.#inputs.set(one, path);
    }
    for (const output of this.#outputs) this.#refuseInput(output);
  }

  /**
   * Checks that `path` can be written, and registers it. `write` replaces files as a whole; it writes pipes and devices directly. With
   * `/dev/stdout`, standard output holds this result only.
   *
   * @param who  the option named in errors.
   * @throws {UsageError} if it is an input or another output.
   * @throws {Error} if the folder is missing or read-only, the path is a folder or must not be written, or a pipe has no reader.
   */
  async open(path: string, who: string): Promise<Output> {
    try {
      const target = await findTarget(path);
      return this.#add({ who, path, target, missingFolders: [] });
    } catch (error) {
      throw error instanceof UsageError ? error : cannotWrite(who, path, error);
    }
  }

  /**
   * Checks and registers files in a folder, as `open`. `write` creates the folder if it is missing.
   * @param names  of the files, in the folder itself.
   * @throws {Error} also if the path names something else than a folder, or the folder it would be in is missing.
   */
  async openIn(path: string, names: readonly string[], who: string): Promise<Output[]> {
    const opened: Output[] = [];
    try {
      const missing = await missingFolder(path);
      for (const name of names) {
        if (missing === undefined) opened.push(await this.open(join(path, name), who));
        else opened.push(this.#add({ who, path: join(path, name), ...missing.place(name) }));
      }
    } catch (error) {
      const isOwn = error instanceof Error && error.message.startsWith(`${who}: `);
      throw isOwn ? error : cannotWrite(who, path, error);
    }
    return opened;
  }

  /**
   * Checks and registers the external data of the model written to `out`. Locations are relative to the folder of `out`; `write` creates
   * missing folders. An existing file is replaced only if the model now at `out` refers to it.
   * @returns outputs by location.
   * @throws {Error} if a location leaves the folder, or names an input, another output, or an unrelated file.
   */
  async openExternal(locations: readonly string[], out: Output): Promise<Map<string, Output>> {
    const opened = new Map<string, Output>();
    if (locations.length === 0) return opened;
    const who = `${out.who}: external data`;
    if (out.target.kind !== "file") {
      throw new Error(
        `${who}: expected a file, whose folder receives the model's external weights (${inWords(locations[0])}), got ${inWords(out.path)}`,
      );
    }
    const folder = dirname(out.path);
    const earlier = await locationsIn(out);
    const plain = new Map<string, string>();
    for (const location of locations) {
      const path = join(folder, location);
      const name = namesOfLocation(location).join("/");
      const other = plain.get(name);
      if (other !== undefined) {
        throw new Error(
          `${who}: expected one name for each file, got ${inWords(other)} and ${inWords(location)} for the same file`,
        );
      }
      plain.set(name, location);
      try {
        const place = await findExternal(folder, location);
        const parent = await stat(dirname(place.missingFolders[0] ?? place.path), { bigint: true });
        const target = { kind: "file", path: place.path, folder: parent, file: place.file } as const;
        const output = this.#add({ who, path, target, missingFolders: place.missingFolders });
        if (place.file !== undefined && !earlier.has(location)) {
          throw new Error(
            `expected no unrelated file at ${inWords(path)}, the path of the model's weights, got one that ${inWords(out.path)} doesn't refer to; choose another folder`,
          );
        }
        opened.set(location, output);
      } catch (error) {
        const message = messageOf(error);
        const what =
          error instanceof UsageError
            ? `${message}; the model's weights have this path, so choose another folder for ${out.who}`
            : message;
        throw new Error(what.startsWith(`${who}: `) ? what : `${out.who}: ${what}`, { cause: error });
      }
    }
    return opened;
  }

  /**
   * Writes contents to their outputs: all files are replaced, or none. Pipes and devices are written last. May be called several times.
   * @throws {Error} naming the failed output.
   */
  async write(contents: ReadonlyMap<Output, string | Uint8Array>): Promise<void> {
    const files = [...contents].flatMap(([output, bytes]) =>
      output.target.kind === "file" ? [{ ...output, target: output.target.path, was: output.target.file, bytes }] : [],
    );
    replaceFiles(files);
    for (const [{ who, path, target }, bytes] of contents) {
      if (target.kind === "file") continue;
      try {
        await writeStream(target.descriptor, typeof bytes === "string" ? Buffer.from(bytes) : bytes);
      } catch (error) {
        throw new Error(`${who}: writing ${inWords(path)} failed (${systemReason(error)})`, { cause: error });
      }
    }
  }

  /** Replaces a file at once. @throws {Error} naming the output; the earlier file then stays. */
  replace(output: Output, bytes: Uint8Array): void {
    const { target } = output;
    if (target.kind === "file") replaceFiles([{ ...output, target: target.path, was: target.file, bytes }]);
  }

  #add({ target, ...rest }: Omit<Output, "identities">): Output {
    const there = target.file === undefined ? [] : identity(target.file);
    const output = {
      ...rest,
      target,
      identities: target.kind === "file" ? [...there, locationKey(target, rest)] : there,
    };
    this.#refuseInput(output);
    for (const other of this.#outputs) {
      if (other.identities.some((one) => output.identities.includes(one)))
        throw new UsageError(`${rest.who}: expected a different file from ${nameOf(other)}, got ${inWords(rest.path)}`);
    }
    refuseStandardStreams(output);
    if (target.kind === "stream" && target.own === 1) takeStandardOutput();
    this.#outputs.push(output);
    return output;
  }

  #refuseInput({ who, path, target, identities }: Output): void {
    if (target.file?.isFile() === false) return;
    const input = identities.map((one) => this.#inputs.get(one)).find((one) => one !== undefined);
    if (input !== undefined)
      throw new UsageError(`${who}: expected a different file from the input ${inWords(input)}, got ${inWords(path)}`);
  }
}

/** Where files of a folder will be that has to be created; undefined if it is there. @throws {Error} if it can't be. */
async function missingFolder(
  path: string,
): Promise<{ place(name: string): Pick<Output, "target" | "missingFolders"> } | undefined> {
  const found = await stat(path).catch(undefinedIfMissing);
  if (found?.isDirectory()) return undefined;
  if (found) throw new Error("it is not a folder");
  const above = await realpath(dirname(resolve(path)));
  const folder = join(above, basename(resolve(path)));
  const parent = await stat(above, { bigint: true });
  return {
    place: (name) => ({
      target: { kind: "file", path: join(folder, name), folder: parent, file: undefined },
      missingFolders: [folder],
    }),
  };
}

const nameOf = ({ who, path }: Output): string =>
  who.startsWith("--") && !who.includes(":") ? who : `${who} ${inWords(path)}`;

/**
 * A key of a file's location: its folder's identity and its name, in one case if the file system ignores case.
 * @throws {Error} if no file can be created there.
 */
function locationKey(
  { path, folder }: Extract<Target, { kind: "file" }>,
  { missingFolders }: Pick<Output, "missingFolders">,
): string {
  const first = missingFolders[0] ?? path;
  const isCaseBlind = tryCreate(path, missingFolders);
  const inFolder = path.slice(dirname(first).length).normalize("NFC");
  return `${folder.dev}:${folder.ino}:${isCaseBlind ? inFolder.toUpperCase().toLowerCase() : inFolder}`;
}

/** Locations of external data of the model now at an output; empty if there is no model. */
async function locationsIn({ target }: Output): Promise<ReadonlySet<string>> {
  if (target.kind !== "file" || target.file === undefined) return new Set();
  try {
    return new Set(externalFilesOf(await readFile(target.path)));
  } catch {
    return new Set();
  }
}

const standardStreams = [1, 2].map((descriptor) => {
  try {
    return fs.fstatSync(descriptor, { bigint: true });
  } catch {
    return undefined;
  }
});

const isSame = (a: fs.BigIntStats | undefined, b: fs.BigIntStats): boolean => a?.dev === b.dev && a.ino === b.ino;

/** Refuses the file that the shell redirects standard output or error to: replacing it would lose the printed text. */
function refuseStandardStreams({ who, path, target }: Output): void {
  const { file } = target;
  if (target.kind === "stream" || file === undefined || !standardStreams.some((one) => isSame(one, file))) return;
  throw new UsageError(
    `${who}: expected a different file from standard output's and standard error's, got ${inWords(path)}; to write to standard output, give /dev/stdout`,
  );
}

const writeSome = promisify(fs.write);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Writes all bytes; waits while a pipe is full. */
async function writeStream(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writeSome(descriptor, bytes, at, bytes.length - at, null)).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      await pause(5);
    }
  }
}
