import { oneLine, printable, shortened } from "@neft/options";
import { systemReason } from "../system-errors.js";

/** Maximum length of a printed error or warning, in characters. */
export const mostCharacters = 20_000;

/** Error codes of a stream whose reader has closed it, which is no failure. */
const goneCodes = new Set(["EPIPE", "ECONNRESET", "ENOTCONN", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

let failure: Error | undefined;
let isTaken = false;

/**
 * Keeps the process running if a standard stream is closed: its output is dropped, and work continues.
 * `outputFailure` reports other errors of standard output.
 */
export function watchStreams(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A closed terminal reports EIO.
    const isGone = goneCodes.has(error.code ?? "") || (process.stdout.isTTY && error.code === "EIO");
    if (!isGone) failure ??= error;
  });
  process.stderr.on("error", () => {});
}

/** Flushes standard output; returns the reason if writing to it failed, undefined if it succeeded or its reader closed it. */
export async function outputFailure(): Promise<string | undefined> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  return failure && `writing to standard output failed (${systemReason(failure)})`;
}

/** Reserves standard output for results (`--json /dev/stdout`): `print` writes to standard error from now on. */
export function takeStandardOutput(): void {
  isTaken = true;
}

/** Prints results, which may have several lines. Pass names from files through `oneLine` first. */
export function print(text: string): void {
  (isTaken ? process.stderr : process.stdout).write(`${printable(text)}\n`);
}

/** Prints a message to standard error, on one line. */
export function printMessage(line: string): void {
  process.stderr.write(`${oneLine(line)}\n`);
}

/** Prints an error to standard error: a line `who: message`, and a line about saved work, if any (`withOutcome`). */
export function printError(who: string, message: string, outcome?: string): void {
  const lines = [`${who}: ${message}`, ...(outcome === undefined ? [] : [`  ${outcome}`])];
  for (const line of lines) printMessage(shortened(line, mostCharacters));
}
