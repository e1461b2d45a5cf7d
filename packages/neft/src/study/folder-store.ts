import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inWords } from "@neft/options";
import type { CellRun, Store } from "@neft/study";
import { sha256 } from "../read-model.js";
import { systemReason } from "../system-errors.js";

/** Folders of a store, and the ends of their files' names. */
const folders = {
  results: { folder: "results", end: ".json" },
  models: { folder: "models", end: ".onnx" },
  checkpoints: { folder: "checkpoints", end: ".state" },
  runs: { folder: "runs", end: ".json" },
} as const;

/** Where files are written before they get their names. */
const partials = "partial";

/**
 * A store in a folder, which processes and machines may share. Files get their names when they are complete, and are never changed: two that
 * write the same result at the same time both succeed.
 * @throws {Error} if the folder can't be created.
 */
export function folderStore(folder: string): Store {
  const fail = (what: string, cause: unknown): never => {
    throw new Error(`store ${inWords(folder)}: ${what} failed (${systemReason(cause)})`, { cause });
  };
  try {
    for (const name of [...Object.values(folders).map((one) => one.folder), partials])
      mkdirSync(join(folder, name), { recursive: true });
  } catch (cause) {
    fail("creating its folders", cause);
  }
  const pathOf = (kind: keyof typeof folders, key: string): string => {
    if (!/^[0-9a-f]{64}$/.test(key))
      throw new RangeError(`store: expected a key of 64 hexadecimal digits, got ${inWords(key)}`);
    return join(folder, folders[kind].folder, key + folders[kind].end);
  };
  const read = (path: string): Uint8Array | undefined => {
    try {
      return new Uint8Array(readFileSync(path));
    } catch (cause) {
      return (cause as NodeJS.ErrnoException).code === "ENOENT" ? undefined : fail(`reading ${inWords(path)}`, cause);
    }
  };
  /** Writes a file that is on disk when it has its name; one that exists is replaced, or stays. */
  const write = (path: string, bytes: Uint8Array, mode: "keep" | "replace"): void => {
    const partial = join(folder, partials, randomUUID());
    try {
      const file = openSync(partial, "wx");
      try {
        writeFileSync(file, bytes);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      if (mode === "replace") renameSync(partial, path);
      else linkSync(partial, path);
    } catch (cause) {
      if (mode !== "keep" || (cause as NodeJS.ErrnoException).code !== "EEXIST")
        fail(`writing ${inWords(path)}`, cause);
    } finally {
      rmSync(partial, { force: true });
    }
  };
  const text = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);
  return {
    readResult: async (key) => text(read(pathOf("results", key))),
    writeResult: async (key, result) => {
      const path = pathOf("results", key);
      write(path, new TextEncoder().encode(result), "keep");
      if (text(read(path)) !== result)
        throw new Error(
          `store ${inWords(folder)}: cell ${key}: expected the result that is there, got another one: a file was changed, or the cell isn't computed the same way everywhere; compare ${inWords(path)} with a new run in another store`,
        );
    },
    readModel: async (digest) => {
      const path = pathOf("models", digest);
      const bytes = read(path);
      const got = bytes && sha256(bytes);
      if (got !== digest)
        throw new Error(
          `store ${inWords(folder)}: expected the network ${digest}, got ${got === undefined ? "none" : `a file of digest ${got}`}; delete ${inWords(path)} and the results that name it, and run again`,
        );
      return bytes!;
    },
    writeModel: async (bytes) => {
      const digest = sha256(bytes);
      write(pathOf("models", digest), bytes, "keep");
      return digest;
    },
    readCheckpoint: async (key) => read(pathOf("checkpoints", key)),
    writeCheckpoint: async (key, bytes) => write(pathOf("checkpoints", key), bytes, "replace"),
    removeCheckpoint: async (key) => rmSync(pathOf("checkpoints", key), { force: true }),
    writeRun: async (key, run) => write(pathOf("runs", key), new TextEncoder().encode(JSON.stringify(run)), "replace"),
    readRun: async (key) => {
      const found = text(read(pathOf("runs", key)));
      return found === undefined ? undefined : (JSON.parse(found) as CellRun);
    },
  };
}
