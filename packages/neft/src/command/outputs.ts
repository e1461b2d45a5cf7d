import * as fs from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { externalFilesOf, namesOfLocation } from "@neft/onnx";
import { inWords } from "@neft/options";
import { findExternal } from "../external-file.js";
import { messageOf, systemReason } from "../system-errors.js";
import { UsageError } from "./exit-codes.js";
import { replaceFiles, tryPlace } from "./replace-files.js";
import { findTarget, type Target } from "./target.js";
import { takeStandardOutput } from "./terminal.js";

/** A place for a result that was found to be writable before the work began. */
export interface Output {
  /** The option that named it, or the external data it is for. */
  readonly who: string;
  /** As the user wrote it, or the external data's path. */
  readonly path: string;
  readonly target: Target;
  /** Folders to be made for it, outermost first. */
  readonly missingFolders: readonly string[];
  /** What tells it from other files: where it is, and what stands there. */
  readonly identities: readonly string[];
}

/** A file's identity. Some file systems have none; a number for all would make all files the same. */
function identity({ dev, ino }: fs.BigIntStats): string[] {
  return ino === 0n ? [] : [`${dev}:${ino}`];
}

const cannotWrite = (who: string, path: string, cause: unknown): Error =>
  new Error(`${who}: expected a path that can be written, got ${inWords(path)} (${systemReason(cause)})`, { cause });

/**
 * All files a command writes. They are distinct from one another and from every file the command reads, under whatever names.
 * Nothing stays on the disk of a run that ends before it writes.
 */
export class Outputs {
  readonly #outputs: Output[] = [];
  /** Paths by identity. */
  readonly #inputs = new Map<string, string>();

  /** @param paths  files the command reads; what can't be read is reported by who reads it. */
  async addInputs(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      if (found?.isFile()) for (const one of identity(found)) this.#inputs.set(one, path);
    }
    for (const output of this.#outputs) this.#refuseInput(output);
  }

  /**
   * Makes sure that `path` can be written. A file is replaced only by a complete one; pipes, devices and `/dev/stdout`, which leaves
   * standard output to the results, are written as they are.
   *
   * @param who  the option to name in errors.
   * @throws {UsageError} when it is one of the inputs or of the other outputs.
   * @throws {Error} when the folder is missing, is read-only, the path is a folder or a file that mayn't be written, a pipe has no reader.
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
   * The same for the external data of a model that goes to `out`: locations inside the folder of `out`, whose missing folders will be
   * made. A file that stands there already has to belong to the model that `out` is now.
   * @throws {Error} where a location leads out of the folder, to an input or another output, or to a file of something else.
   */
  async openExternal(locations: readonly string[], out: Output): Promise<Map<string, Output>> {
    const opened = new Map<string, Output>();
    if (locations.length === 0) return opened;
    const who = `${out.who}: external data`;
    if (out.target.kind !== "file") {
      throw new Error(
        `${who}: expected a file for a model with weights in ${inWords(locations[0])}, which go into its folder, got ${inWords(out.path)}`,
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
          `${who}: expected one name for each file, got ${inWords(other)} and ${inWords(location)}, which mean the same`,
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
            `expected no other file at ${inWords(path)}, where the model's weights go, got one that ${inWords(out.path)} doesn't have as its own; choose another folder`,
          );
        }
        opened.set(location, output);
      } catch (error) {
        const message = messageOf(error);
        const what =
          error instanceof UsageError
            ? `${message}; the model's weights go there, so choose another folder for ${out.who}`
            : message;
        throw new Error(what.startsWith(`${who}: `) ? what : `${out.who}: ${what}`, { cause: error });
      }
    }
    return opened;
  }

  /**
   * Puts contents at their paths: every file gets its new contents, or none does and what was there stays. Pipes and devices come last.
   * Can be called again.
   * @throws {Error} naming the output that failed.
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

  #add({ target, ...rest }: Omit<Output, "identities">): Output {
    const there = target.file === undefined ? [] : identity(target.file);
    const output = { ...rest, target, identities: target.kind === "file" ? [...there, placeOf(target, rest)] : there };
    this.#refuseInput(output);
    for (const other of this.#outputs) {
      if (other.identities.some((one) => output.identities.includes(one)))
        throw new UsageError(`${rest.who}: expected another file than ${nameOf(other)}, got ${inWords(rest.path)}`);
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
      throw new UsageError(`${who}: expected another file than the input ${inWords(input)}, got ${inWords(path)}`);
  }
}

const nameOf = ({ who, path }: Output): string =>
  who.startsWith("--") && !who.includes(":") ? who : `${who} ${inWords(path)}`;

/** Where a file is, by its folder's identity; tries whether a file can be made there, and whether the file system tells "a" from "A". */
function placeOf(
  { path, folder }: Extract<Target, { kind: "file" }>,
  { missingFolders }: Pick<Output, "missingFolders">,
): string {
  const first = missingFolders[0] ?? path;
  const isCaseBlind = tryPlace(path, missingFolders);
  const inFolder = path.slice(dirname(first).length).normalize("NFC");
  return `${folder.dev}:${folder.ino}:${isCaseBlind ? inFolder.toUpperCase().toLowerCase() : inFolder}`;
}

/** Locations of external data that the model at an output has now; none where there is no model. */
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

/** Replacing the file that the shell sends standard output to would lose what is printed. */
function refuseStandardStreams({ who, path, target }: Output): void {
  const { file } = target;
  if (target.kind === "stream" || file === undefined || !standardStreams.some((one) => isSame(one, file))) return;
  throw new UsageError(
    `${who}: expected another file than standard output's or standard error's, got ${inWords(path)}; /dev/stdout writes into that one`,
  );
}

const writeSome = promisify(fs.write);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Writes all bytes, waiting for the reader of a pipe that is full. */
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
