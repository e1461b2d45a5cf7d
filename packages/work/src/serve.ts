import { expose, type Remote, releaseProxy, type TransferHandler, transferHandlers, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { Endpoint } from "./endpoint.js";
import { fromThrown, type Thrown, toThrown } from "./errors.js";
import { type GateSlot, waitAtGate } from "./gate.js";
import type { Task } from "./task.js";
import { createTaskServer, type TaskServer } from "./task-server.js";
import { holdLock, type NodePort } from "./worker-handle.js";

/** Replaces comlink's serialization of thrown values, which drops classes and fields. */
function keepErrors(): void {
  const { canHandle } = transferHandlers.get("throw")!;
  const handler: TransferHandler<{ readonly value: unknown }, Thrown> = {
    canHandle: canHandle as (thrown: unknown) => thrown is { readonly value: unknown },
    serialize: ({ value }) => [toThrown(value), []],
    deserialize: (thrown) => {
      throw fromThrown(thrown);
    },
  };
  transferHandlers.set("throw", handler);
}
keepErrors();

/** Calls the methods of a worker. */
export interface Connection {
  readonly worker: Remote<TaskServer>;
  /** Ends the use of `worker`. Otherwise comlink's registry of proxies holds the endpoint, and all that its listeners hold. */
  release(): void;
}

/** Connects to the worker at the other end of an endpoint. */
export function connect(endpoint: Endpoint): Connection {
  const worker = wrap<TaskServer>(endpoint);
  return { worker, release: () => worker[releaseProxy]() };
}

/**
 * Serves tasks to the pool. Called once in a Node worker's module.
 *
 * @param slot  The slot that `Spawn` received.
 * @throws {Error} outside a worker thread.
 */
export function serveNode(tasks: readonly Task[], parentPort: NodePort | null, slot?: GateSlot): void {
  if (!parentPort) throw new Error("serveNode: expected to run in a worker thread, got no parent port");
  expose(createTaskServer(tasks), gated(nodeEndpoint(parentPort), slot));
}

/** How a browser worker serves. */
export interface WebService {
  /** The slot that `Spawn` received. */
  readonly slot?: GateSlot | undefined;
  /** Name of a lock to hold until the worker ends, unique in the origin. See `holdLock`. */
  readonly lock?: string;
  /** Where calls come from. Default: the thread that started the worker. */
  readonly port?: Endpoint;
}

/** Serves tasks to the pool. Called once in a browser worker's module. */
export function serveWeb(tasks: readonly Task[], { slot, lock, port }: WebService = {}): void {
  expose(createTaskServer(tasks), gated(port ?? (globalThis as unknown as Endpoint), slot));
  if (lock !== undefined) holdLock(lock);
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
