/** What can be stopped: the first reason given ends all that wait for it. */
export class Stoppable {
  stopped = false;
  #reason: unknown;
  #reject: (reason: unknown) => void = () => {};
  /** Never resolves; rejects when it is stopped. */
  readonly ended = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    // Stopping what nobody waits for is no unhandled rejection.
    this.ended.catch(() => {});
  }

  stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#reason = reason;
    this.#reject(reason);
  }

  throwIfStopped(): void {
    if (this.stopped) throw this.#reason;
  }
}
