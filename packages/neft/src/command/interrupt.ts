import { exitCodes } from "./exit-codes.js";
import { printMessage } from "./terminal.js";

/** A handler of Ctrl-C, SIGTERM (from batch systems) and SIGHUP (from a closed terminal). */
export interface Interrupt {
  /** Aborted by the first signal after `begin`. Save results, then exit. */
  readonly signal: AbortSignal;
  /**
   * From now on, the first signal aborts `signal`.
   * @param onFirst  called on the first signal.
   */
  begin(onFirst?: () => void): void;
  /** Removes the handler: signals end the process again. */
  release(): void;
}

/** Handled signals. SIGBREAK is Ctrl-Break on Windows. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const;

/**
 * Installs a handler of signals. Before `begin`, a signal ends the process; after it, the first signal aborts `signal` and the second
 * ends the process.
 * @param nothing  message printed for a signal before `begin`.
 */
export function watchInterrupt(nothing: string): Interrupt {
  const controller = new AbortController();
  let begun: { readonly onFirst: (() => void) | undefined } | undefined;
  const handle = (name: NodeJS.Signals): void => {
    if (begun && !controller.signal.aborted) {
      controller.abort();
      begun.onFirst?.();
      return;
    }
    printMessage(begun ? "stopped at once" : nothing);
    release();
    end(name);
  };
  const release = (): void => {
    for (const name of signals) process.off(name, handle);
  };
  for (const name of signals) process.on(name, handle);
  return {
    signal: controller.signal,
    begin: (onFirst) => {
      begun = { onFirst };
    },
    release,
  };
}

/** Ends the process with exit code 130, or by the signal itself if system calls may block. */
function end(name: NodeJS.Signals): void {
  // Shows the cursor again, which the progress bar has hidden.
  if (process.stderr.isTTY) process.stderr.write("\u001b[?25h");
  // process.exit waits for pending file operations, which never return for a pipe without a reader.
  if (process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq")))
    process.kill(process.pid, name);
  process.exit(exitCodes.interrupted);
}

/**
 * Runs a synchronous `body` with signals deferred: a signal received meanwhile takes effect after `body`, both the default end of the
 * process and the handler of `watchInterrupt`.
 */
export function withSignalsHeld<T>(body: () => T): T {
  // Signals with a handler are deferred by the event loop; the others end the process unless they get one.
  const held = signals.filter((name) => process.listenerCount(name) === 0);
  const release = (): void => {
    for (const name of held) process.off(name, endAfterwards);
  };
  const endAfterwards = (name: NodeJS.Signals): void => {
    release();
    process.kill(process.pid, name);
  };
  for (const name of held) process.on(name, endAfterwards);
  try {
    return body();
  } finally {
    setImmediate(release); // Runs after the events of signals received meanwhile.
  }
}
