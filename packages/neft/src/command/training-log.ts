import { closeSync, openSync, readFileSync } from "node:fs";
import { inWords } from "@neft/options";
import type { FinetuneProgress, RunState } from "@neft/training";
import { writeWhole } from "../whole-file.js";
import { UsageError } from "./exit-codes.js";
import type { Output, Outputs } from "./outputs.js";

const option = "--log";

/** A file with a line of JSON for each step and validation. */
export interface TrainingLog {
  add(event: FinetuneProgress): void;
  close(): void;
}

/** Registers the file, before any work. @throws {UsageError} for a pipe or a device; as `Outputs.open`. */
export async function openLogOutput(outputs: Outputs, path: string): Promise<Output> {
  const output = await outputs.open(path, option);
  if (output.target.kind === "file") return output;
  throw new UsageError(`${option}: expected a file, got the pipe or device ${inWords(path)}`);
}

/**
 * Begins the log; a run that is resumed goes on with the lines up to its state.
 * @throws {Error} if that log is another file.
 */
export function startLog({ path, target }: Output, resume: RunState | undefined): TrainingLog {
  if (target.kind !== "file") throw new Error(`${option}: expected a file`);
  const start = performance.now();
  const kept = resume && target.file ? linesUpTo(readFileSync(target.path, "utf8"), path, resume) : [];
  const before = (kept.at(-1) as { readonly seconds: number } | undefined)?.seconds ?? 0;
  const file = openSync(target.path, "w");
  const write = (line: object): void => writeWhole(file, new TextEncoder().encode(`${JSON.stringify(line)}\n`));
  for (const line of kept) write(line);
  return {
    add: (event) => {
      if (event.kind === "equalise") return;
      const seconds = before + (performance.now() - start) / 1000;
      write({ ...event, seconds: Number(seconds.toFixed(3)) });
    },
    close: () => closeSync(file),
  };
}

/** The lines of a log up to a state. A last line that was cut off is left out. */
function linesUpTo(text: string, path: string, { step, validations }: RunState): object[] {
  const last = validations.at(-1)?.step ?? -1;
  const lines = text.split("\n").slice(0, -1);
  return lines.flatMap((line): object[] => {
    try {
      const own = JSON.parse(line) as { readonly kind: string; readonly step: number };
      if (["step", "validation"].includes(own.kind) && Number.isInteger(own.step))
        return own.step <= (own.kind === "step" ? step : last) ? [own] : [];
    } catch {
      // Said below.
    }
    throw new Error(
      `${option}: ${inWords(path)}: expected the log of the run that the checkpoint continues, got the line ${inWords(line)}; name another file`,
    );
  });
}
