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

const outcomes = new WeakMap<object, string>();

/** The error, with a line of its own on what came of the work all the same: `outcomeOf`. */
export function withOutcome<E extends Error>(error: E, outcome: string): E {
  outcomes.set(error, outcome);
  return error;
}

/** What came of the work before an error, where that is known. */
export const outcomeOf = (error: unknown): string | undefined =>
  error instanceof Error ? outcomes.get(error) : undefined;
