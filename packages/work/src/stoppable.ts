/** A handle that stops an operation. The first reason counts; later calls of `stop` do nothing. */
export class Stoppable {
  stopped = false;
  #reason: unknown;
  #reject: (reason: unknown) => void = () => {};
  /** Rejects with the reason when stopped; never resolves. */
  readonly ended = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    // Without a waiter, the rejection would count as unhandled.
    this.ended.catch(() => {});
  }

  /** Stops the operation: `ended` rejects with the reason. */
  stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#reason = reason;
    this.#reject(reason);
  }

  /** @throws the reason when stopped. */
  throwIfStopped(): void {
    if (this.stopped) throw this.#reason;
  }
}
