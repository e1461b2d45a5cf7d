import { exitCodes } from "./exit-codes.js";
import { say } from "./terminal.js";

/** Watches for Ctrl-C and for the signals that ask a process to end: batch systems' SIGTERM, SIGHUP of a terminal that is closed. */
export interface Interrupt {
  /** Aborted by the first signal after `begin`: finish what has to be saved, then end. */
  readonly signal: AbortSignal;
  /** There is something to save from now on. @param onFirst  hears of the first signal, to say what happens next. */
  begin(onFirst?: () => void): void;
  /** Ends the watch: signals end the process by themselves. */
  release(): void;
}

/** SIGBREAK is Windows' Ctrl-Break. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"] as const;

/**
 * Before `begin` a signal ends the process at once, from then on the first one aborts `signal` and a second one ends it.
 * @param nothing  what to say of an end before `begin`.
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
    say(begun ? "ended at once" : nothing);
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

function end(name: NodeJS.Signals): void {
  // The bar has hidden the cursor; this is the last chance to bring it back.
  if (process.stderr.isTTY) process.stderr.write("\u001b[?25h");
  // An orderly exit waits for calls to the system, which never return where a pipe has nobody at its other end.
  if (process.getActiveResourcesInfo().some((resource) => resource.startsWith("FSReq")))
    process.kill(process.pid, name);
  process.exit(exitCodes.interrupted);
}

/**
 * Runs `body`, which is synchronous, with signals held back until it has returned: one that would have ended the process in the middle
 * ends it then, in the same way. A watch that is on hears of it after `body`, too.
 */
export function withSignalsHeld<T>(body: () => T): T {
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
    setImmediate(release); // A signal that came meanwhile is an event, and comes before.
  }
}
