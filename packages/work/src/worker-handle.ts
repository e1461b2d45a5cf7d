import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { Endpoint } from "./endpoint.js";
import type { GateSlot } from "./gate.js";

/** A started worker, in Node or in a browser. */
export interface WorkerHandle {
  /** Endpoint of comlink's messages. */
  readonly endpoint: Endpoint;
  /** Calls `listener` with the cause when the worker can no longer answer; immediately if that has already happened. */
  onDeath(listener: (cause: Error) => void): void;
  /** Terminates the worker; resolves when it has ended. */
  terminate(): Promise<void>;
  /** Sets whether the worker keeps the process alive, as it does at first. A page's workers end with the page. */
  keepAlive(isNeeded: boolean): void;
}

/** Starts one worker. The worker's module must pass `slot` to `serveNode` or `serveWeb`; undefined without shared memory. */
export type Spawn = (slot: GateSlot | undefined) => WorkerHandle | Promise<WorkerHandle>;

/**
 * The part of node:worker_threads' MessagePort and Worker that comlink's adapter uses. Declared here so that browsers need no Node types.
 */
export interface NodePort {
  postMessage(message: unknown, transfer?: readonly never[]): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

/** The part of a node:worker_threads Worker that the pool uses. */
export interface NodeWorker extends NodePort {
  terminate(): Promise<unknown>;
  ref(): void;
  unref(): void;
}

/** The part of a browser's Worker that the pool uses. */
export interface WebWorker extends Endpoint {
  terminate(): void;
}

/** Wraps a node:worker_threads Worker whose module calls `serveNode`. */
export function nodeWorker(worker: NodeWorker): WorkerHandle {
  const death = new Death();
  worker.on("error", (cause) => death.report(asError(cause)));
  worker.on("messageerror", (cause) => death.report(unreadable(cause)));
  worker.on("exit", (code) =>
    death.report(new Error(`worker: expected a running worker, got an exit with code ${code}`)),
  );
  return {
    endpoint: nodeEndpoint(worker),
    onDeath: (listener) => death.onDeath(listener),
    terminate: async () => void (await worker.terminate()),
    keepAlive: (isNeeded) => (isNeeded ? worker.ref() : worker.unref()),
  };
}

/** What a browser doesn't say of a worker that it can't load. */
const notLoaded =
  "expected its module to load, got an error; its file may be missing, or the page's content-security policy may forbid it: add worker-src 'self', with neft/inline worker-src blob:";

/**
 * Wraps a browser's Worker that calls `serveWeb`. An uncaught error inside it counts as its death. No event reports that a worker has
 * closed itself or was ended by the browser, but the locks that it held become free.
 */
export function webWorker(worker: WebWorker): WorkerHandle {
  const death = new Death();
  worker.addEventListener("message", (event: { readonly data: unknown }) => {
    const { lock } = (event.data ?? {}) as Partial<LockMessage>;
    if (lock === undefined) return;
    void locks()?.request(lock, () =>
      death.report(new Error("worker: expected a running worker, got one that has ended by itself")),
    );
  });
  worker.addEventListener("error", ({ message }: { readonly message?: string }) => {
    death.report(new Error(`worker: ${message || notLoaded}`));
  });
  worker.addEventListener("messageerror", (event: unknown) => death.report(unreadable(event)));
  return {
    endpoint: worker,
    onDeath: (listener) => death.onDeath(listener),
    terminate: async () => worker.terminate(),
    keepAlive: () => {},
  };
}

/**
 * Holds a lock until this browser worker ends, so that `webWorker` notices the end. Without the Web Locks API (insecure contexts), it does
 * nothing.
 *
 * @param lock  Name, unique in the origin.
 */
export function holdLock(lock: string): void {
  void locks()?.request(lock, () => {
    (globalThis as unknown as Endpoint).postMessage({ lock } satisfies LockMessage);
    return new Promise(() => {});
  });
}

/** A worker's message that it holds its lock. */
interface LockMessage {
  readonly lock: string;
}

/** The part of the Web Locks API that is used here; undefined where it is missing. */
function locks(): { request(name: string, hold: () => unknown): Promise<unknown> } | undefined {
  const { navigator } = globalThis as {
    readonly navigator?: { readonly locks?: { request(name: string, hold: () => unknown): Promise<unknown> } };
  };
  return navigator?.locks;
}

/** The first cause of a worker's death. Listeners added after the death are called immediately. */
export class Death {
  #cause: Error | undefined;
  readonly #listeners: ((cause: Error) => void)[] = [];

  /** Records the cause and calls the listeners; later reports do nothing. */
  report(cause: Error): void {
    if (this.#cause) return;
    this.#cause = cause;
    for (const listener of this.#listeners) listener(cause);
  }

  /** Adds a listener. */
  onDeath(listener: (cause: Error) => void): void {
    if (this.#cause) listener(this.#cause);
    else this.#listeners.push(listener);
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

/** Error of a message that can't be deserialized. */
function unreadable(cause: unknown): Error {
  return new Error("worker: expected a message that can be deserialized, got one that can't", { cause });
}
