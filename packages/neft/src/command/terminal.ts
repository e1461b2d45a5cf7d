import { oneLine, printable, shortened } from "@neft/options";
import { systemReason } from "../system-errors.js";

/** Characters of an error or a warning that are shown. */
export const mostCharacters = 20_000;

/** Errors of a stream whose other end is gone: nobody is left to tell, and nothing asked for is missing. */
const goneCodes = new Set(["EPIPE", "ECONNRESET", "ENOTCONN", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

let failure: Error | undefined;
let isTaken = false;

/**
 * Makes the process outlive its standard streams: what a closed one would get is dropped, work and files go on.
 * `outputFailure` has what else went wrong with standard output.
 */
export function watchStreams(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A terminal that was closed gives EIO.
    const isGone = goneCodes.has(error.code ?? "") || (process.stdout.isTTY && error.code === "EIO");
    if (!isGone) failure ??= error;
  });
  process.stderr.on("error", () => {});
}

/** Why standard output lacks something, after all of it was handed over; nothing where it doesn't, or is closed. */
export async function outputFailure(): Promise<string | undefined> {
  await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
  return failure && `writing to standard output failed (${systemReason(failure)})`;
}

/** Standard output belongs to a file of results from now on (`--json /dev/stdout`); what is for people goes to standard error. */
export function takeStandardOutput(): void {
  isTaken = true;
}

/** What was asked for, in lines that begin as they are given. Names in it that come from files: `oneLine` them. */
export function print(text: string): void {
  (isTaken ? process.stderr : process.stdout).write(`${printable(text)}\n`);
}

/** A line about the work, to standard error. */
export function say(line: string): void {
  process.stderr.write(`${oneLine(line)}\n`);
}

/** An error, to standard error, each part on a line of its own: `who: message`, and what came of the work all the same. */
export function complain(who: string, message: string, outcome?: string): void {
  const lines = [`${who}: ${message}`, ...(outcome === undefined ? [] : [`  ${outcome}`])];
  for (const line of lines) say(shortened(line, mostCharacters));
}
