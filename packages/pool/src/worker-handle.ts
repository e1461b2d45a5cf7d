import { type Endpoint, expose, type TransferHandler, transferHandlers } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { type Place, waitAtGate } from "./gate.js";

/** A started worker as the pool needs it, whatever it runs on. */
export interface WorkerHandle {
  /** Where comlink's messages go. */
  readonly endpoint: Endpoint;
  /** Calls back with the cause once the worker can't answer any more; at once when that has happened already. */
  onDeath(listener: (cause: Error) => void): void;
  /** Ends the worker; resolves when it is gone. */
  terminate(): Promise<void>;
}

/** Starts one worker, which hands its place at the pool's gate on to `serveNode` or `serveWeb`. */
export type Spawn = (place: Place | undefined) => WorkerHandle | Promise<WorkerHandle>;

/** The part of node:worker_threads' MessagePort and Worker that comlink's adapter uses; typed here so that browsers need no Node types. */
export interface NodePort {
  postMessage(message: unknown, transfer?: readonly never[]): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

/** The part of a node:worker_threads Worker the pool uses. */
export interface NodeWorker extends NodePort {
  terminate(): Promise<unknown>;
}

/** The part of a browser's Worker the pool uses. */
export interface WebWorker extends Endpoint {
  terminate(): void;
}

/** Wraps a node:worker_threads Worker whose module calls `serveNode`. */
export function nodeWorker(worker: NodeWorker): WorkerHandle {
  const death = new Death();
  worker.on("error", (cause) => death.report(asError(cause)));
  worker.on("messageerror", (cause) => death.report(unreadable(cause)));
  worker.on("exit", (code) => death.report(new Error(`worker: expected to stay, exited with code ${code}`)));
  return {
    endpoint: nodeEndpoint(worker),
    onDeath: (listener) => death.onDeath(listener),
    terminate: async () => void (await worker.terminate()),
  };
}

/** Wraps a browser's module Worker whose module calls `serveWeb`. An error nobody caught inside it counts as its death. */
export function webWorker(worker: WebWorker): WorkerHandle {
  const death = new Death();
  worker.addEventListener("error", (event) => {
    const { message } = event as Event & { message?: string };
    death.report(new Error(`worker: ${message ?? "expected its module to load, got an error"}`));
  });
  worker.addEventListener("messageerror", (event) => death.report(unreadable(event)));
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

/** Called once in a Node worker's module: answers the pool's calls with the methods of `api`. */
export function serveNode(api: object, parentPort: NodePort | null, place?: Place): void {
  if (!parentPort) throw new Error("serveNode: expected to run in a worker thread, got no parent port");
  expose(api, gated(nodeEndpoint(parentPort), place));
}

/** Called once in a browser worker's module: answers the pool's calls with the methods of `api`. */
export function serveWeb(api: object, place?: Place): void {
  expose(api, gated(globalThis as unknown as Endpoint, place));
}

/** An endpoint that waits at the gate after every message it has sent. */
function gated(endpoint: Endpoint, place: Place | undefined): Endpoint {
  if (!place) return endpoint;
  return sendingBy(endpoint, (send) => waitAtGate(place, send));
}

/** The same endpoint, whose messages `deliver` sends. */
export function sendingBy(endpoint: Endpoint, deliver: (send: () => void) => void): Endpoint {
  return {
    addEventListener: endpoint.addEventListener.bind(endpoint),
    removeEventListener: endpoint.removeEventListener.bind(endpoint),
    postMessage: (message, transfer) => deliver(() => endpoint.postMessage(message, transfer)),
    ...(endpoint.start && { start: endpoint.start.bind(endpoint) }),
  };
}

/** The first cause of a worker's end, told to listeners however late they come. */
class Death {
  #cause: Error | undefined;
  readonly #listeners: ((cause: Error) => void)[] = [];

  report(cause: Error): void {
    if (this.#cause) return;
    this.#cause = cause;
    for (const listener of this.#listeners) listener(cause);
  }

  onDeath(listener: (cause: Error) => void): void {
    if (this.#cause) listener(this.#cause);
    else this.#listeners.push(listener);
  }
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}

function unreadable(cause: unknown): Error {
  return new Error("worker: expected messages that can be read, got one that can't", { cause });
}
