/** Exit codes of the `neft` command. */
export const exitCodes = {
  /** All requested work was done. */
  ok: 0,
  /** A failure: of a file, a network or a worker. */
  failure: 1,
  /** The command line is wrong; nothing was written. */
  usage: 2,
  /** Stopped by Ctrl-C (128 + SIGINT), SIGTERM or SIGHUP; the best weights so far, if any, were saved. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error in the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The user stopped the work: exit code 130. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
}

/** The exit code for an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return exitCodes.usage;
  if (error instanceof InterruptedError) return exitCodes.interrupted;
  return exitCodes.failure;
}

const outcomes = new WeakMap<object, string>();

/** Attaches a line about saved work to an error, and returns the error. `outcomeOf` reads the line. */
export function withOutcome<E extends Error>(error: E, outcome: string): E {
  outcomes.set(error, outcome);
  return error;
}

/** The line that `withOutcome` attached; undefined if there is none. */
export const outcomeOf = (error: unknown): string | undefined =>
  error instanceof Error ? outcomes.get(error) : undefined;
