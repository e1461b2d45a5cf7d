import { oneLine } from "@neft/options";

/** What the `neft` command returns to the shell. */
export const exitCodes = {
  /** Everything asked for was done. */
  ok: 0,
  /** Something failed: a file, a network, a worker. */
  failure: 1,
  /** The command line itself is wrong; nothing was written. */
  usage: 2,
  /** Stopped by Ctrl-C (128 + SIGINT) or another signal that asks for the end; what could be saved was saved. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Work was stopped by the user: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** The shell's exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof InterruptedError) return exitCodes.interrupted;
  return exitCodes.failure;
}

/** What went wrong, without a stack, on one line: a message may hold names from files. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "" ? "failed without saying why" : oneLine(message);
}

const outcomes = new WeakMap<object, string>();

/** The error, with a line of its own on what came of the work all the same: `outcomeOf`. */
export function withOutcome<E extends Error>(error: E, outcome: string): E {
  outcomes.set(error, outcome);
  return error;
}

/** What came of the work before an error, where that is known. */
export const outcomeOf = (error: unknown): string | undefined =>
  error instanceof Error ? outcomes.get(error) : undefined;

const systemReasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than the system allows",
  EIO: "input or output failed",
  EPIPE: "nobody reads from it any more",
  EBADF: "it isn't open for writing",
  ENXIO: "no process reads from it; start the reader first",
  EXDEV: "it is on another file system",
  EMFILE: "too many open files",
  ERR_FS_FILE_TOO_LARGE: "it is larger than 2 GB, more than can be read",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "too many symbolic links",
  ERR_INVALID_ARG_VALUE: "the name holds a character that no path can have",
};

/** The reason of a failed file operation in words, e.g. "no such file or directory". */
export function systemReason(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return (typeof code === "string" ? systemReasons[code] : undefined) ?? messageOf(error);
}

/** For `.catch`: nothing where a file isn't there; other errors stay errors. */
export function notThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}
