import { expose, type TransferHandler, transferHandlers } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { Endpoint } from "./endpoint.js";
import { type GateSlot, waitAtGate } from "./gate.js";

/** A started worker, in Node or in a browser. */
export interface WorkerHandle {
  /** Endpoint of comlink's messages. */
  readonly endpoint: Endpoint;
  /** Calls `listener` with the cause when the worker can no longer answer; immediately if that has already happened. */
  onDeath(listener: (cause: Error) => void): void;
  /** Terminates the worker; resolves when it has ended. */
  terminate(): Promise<void>;
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
  };
}

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
    death.report(new Error(`worker: ${message ?? "expected its module to load, got an error"}`));
  });
  worker.addEventListener("messageerror", (event: unknown) => death.report(unreadable(event)));
  return {
    endpoint: worker,
    onDeath: (listener) => death.onDeath(listener),
    terminate: async () => worker.terminate(),
  };
}

/** What comlink makes of a thrown value: an error's name, message and stack, and nothing else of it. */
interface SerializedThrow {
  readonly isError: boolean;
  readonly value: object;
}

/** Lets errors keep their own fields that are text or lists of text, such as an option's name, across the boundary. */
function keepFieldsOfErrors(): void {
  const handler = transferHandlers.get("throw") as TransferHandler<{ readonly value: unknown }, SerializedThrow>;
  transferHandlers.set("throw", {
    ...handler,
    serialize: (thrown) => {
      const [serialized, transferred] = handler.serialize(thrown as { readonly value: unknown });
      const isText = (value: unknown): boolean => typeof value === "string";
      const fields = Object.entries(serialized.isError ? (thrown as { readonly value: object }).value : {}).filter(
        ([, value]) => isText(value) || (Array.isArray(value) && value.every(isText)),
      );
      return [{ ...serialized, value: { ...Object.fromEntries(fields), ...serialized.value } }, transferred];
    },
  });
}
keepFieldsOfErrors();

/**
 * Serves the methods of `api` to the pool. Called once in a Node worker's module.
 *
 * @param slot  The slot that `Spawn` received.
 * @throws {Error} outside a worker thread.
 */
export function serveNode(api: object, parentPort: NodePort | null, slot?: GateSlot): void {
  if (!parentPort) throw new Error("serveNode: expected to run in a worker thread, got no parent port");
  expose(api, gated(nodeEndpoint(parentPort), slot));
}

/**
 * Serves the methods of `api` to the pool. Called once in a browser worker's module.
 *
 * @param slot  The slot that `Spawn` received.
 * @param lock  Name of a lock to hold until the worker ends, unique in the origin. Ignored without the Web Locks API (insecure contexts).
 */
export function serveWeb(api: object, slot?: GateSlot, lock?: string): void {
  const scope = globalThis as unknown as Endpoint;
  expose(api, gated(scope, slot));
  if (lock === undefined) return;
  void locks()?.request(lock, () => {
    scope.postMessage({ lock } satisfies LockMessage);
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

/** Wraps an endpoint so that the worker waits at the gate after every message it sends. */
function gated(endpoint: Endpoint, slot: GateSlot | undefined): Endpoint {
  if (!slot) return endpoint;
  return withSend(endpoint, (send) => waitAtGate(slot, send));
}

/** Wraps an endpoint so that `deliver` sends its messages, each by calling `send`. */
export function withSend(endpoint: Endpoint, deliver: (send: () => void) => void): Endpoint {
  return {
    addEventListener: endpoint.addEventListener.bind(endpoint),
    removeEventListener: endpoint.removeEventListener.bind(endpoint),
    postMessage: (message, transfer) => deliver(() => endpoint.postMessage(message, transfer)),
    ...(endpoint.start && { start: endpoint.start.bind(endpoint) }),
  };
}

/** The first cause of a worker's death. Listeners added after the death are called immediately. */
class Death {
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
