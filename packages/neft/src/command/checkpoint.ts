import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import type { Dataset } from "@neft/data";
import { build } from "@neft/kernels";
import type { Model } from "@neft/model";
import { inWords } from "@neft/options";
import type { RunState } from "@neft/training";
import { type CheckpointOrigin, decodeCheckpoint, encodeCheckpoint, originDifference } from "../checkpoint-file.js";
import { isDataset, type Samples } from "../settings.js";
import { messageOf } from "../system-errors.js";
import { neftVersion } from "../version.js";
import { UsageError } from "./exit-codes.js";
import type { Output, Outputs } from "./outputs.js";

const option = "--checkpoint";

/** The checkpoint of a command's run. */
export interface CheckpointStore {
  readonly path: string;
  /** The state to go on from; undefined for a new run. */
  readonly resume: RunState | undefined;
  /** Replaces the file as a whole. @throws {Error} if it can't be written; the earlier file then stays. */
  write(state: RunState): void;
  /** Removes the file of a run that has ended. */
  remove(): Promise<void>;
}

/** Registers the file of checkpoints, before any work. @throws {UsageError} for a pipe or a device; as `Outputs.open`. */
export async function openCheckpoint(outputs: Outputs, path: string): Promise<Output> {
  const output = await outputs.open(path, option);
  if (output.target.kind === "file") return output;
  throw new UsageError(`${option}: expected a file, got the pipe or device ${inWords(path)}`);
}

/**
 * Reads the file, if there is one, and checks that it is of this run.
 * @throws {Error} for another file, one that was cut off or changed, or one of another run, which it says.
 */
export async function readCheckpoint(
  outputs: Outputs,
  output: Output,
  origin: CheckpointOrigin,
): Promise<CheckpointStore> {
  const { path, target } = output;
  const existing = target.kind === "file" && target.file !== undefined;
  return {
    path,
    resume: existing ? stateOf(await readFile(target.path), path, origin) : undefined,
    write: (state) => outputs.replace(output, encodeCheckpoint({ origin, state })),
    remove: async () => {
      if (target.kind === "file") await rm(target.path, { force: true });
    },
  };
}

const advice = (path: string): string => `; to begin anew, delete ${inWords(path)} or name another file`;

function stateOf(bytes: Uint8Array, path: string, origin: CheckpointOrigin): RunState {
  try {
    const { origin: own, state } = decodeCheckpoint(bytes);
    const difference = originDifference(origin, own);
    if (difference !== undefined)
      throw new RangeError(`expected a checkpoint of the same run, got one of ${difference}`);
    return state;
  } catch (error) {
    throw new Error(`${option}: ${inWords(path)}: ${messageOf(error)}${advice(path)}`, { cause: error });
  }
}

/** The error of a run whose checkpoint has other settings, or the error itself. */
export function checkpointError(error: unknown, path: string): unknown {
  const found = error instanceof RangeError ? /^resume: (.*?)(; a state continues .*)?$/s.exec(error.message) : null;
  if (found === null) return error;
  const words = `expected a checkpoint of the same run, got one of another: ${found[1]}`;
  return new Error(`${option}: ${inWords(path)}: ${words}${advice(path)}`, { cause: error });
}

/** What a run starts from. @param file  SHA-256 of the model's file. */
export function originOf(
  model: Model,
  file: string,
  samples: Samples,
  input: Readonly<Record<string, unknown>>,
): CheckpointOrigin {
  const weights = createHash("sha256").update(file);
  for (const one of model.parameters.values()) weights.update(one.floats());
  const data = createHash("sha256");
  for (const [name, one] of isDataset(samples) ? [["", samples] as const] : Object.entries(samples)) {
    data.update(JSON.stringify([name, shapeOf(one)]));
    for (const values of [one.values, one.labels]) data.update(values as Uint8Array);
  }
  return { model: weights.digest("hex"), data: data.digest("hex"), input, neft: neftVersion, build: build() };
}

const shapeOf = ({ count, shape, classes }: Dataset) => [count, shape, classes];
