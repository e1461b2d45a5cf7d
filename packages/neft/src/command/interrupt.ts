import { exitCodes } from "../failure.js";

/** Watches for Ctrl-C (and SIGTERM, which batch systems send) while work runs. */
export interface Interrupt {
  /** Aborted by the first Ctrl-C: finish what has to be saved, then end. */
  readonly signal: AbortSignal;
  /** Ends the watch. */
  release(): void;
}

/**
 * The first Ctrl-C aborts `signal`, a second one ends the process at once.
 * @param onFirst told of the first, to say what happens next.
 */
export function watchInterrupt(onFirst: () => void): Interrupt {
  const controller = new AbortController();
  const handle = (): void => {
    // The bar has hidden the cursor; this is the last chance to bring it back.
    if (controller.signal.aborted) {
      if (process.stderr.isTTY) process.stderr.write("\u001b[?25h\n");
      process.exit(exitCodes.interrupted);
    }
    controller.abort();
    onFirst();
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) process.on(name, handle);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, handle);
    },
  };
}
