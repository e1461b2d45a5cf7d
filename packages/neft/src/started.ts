import { type Endpoint, type WebWorker, type WorkerHandle, webWorker } from "@neft/work";
import type { CheckHost, EngineStart } from "./session/protocol.js";
import type { WorkerStart } from "./worker-start.js";

/** The class of a browser's workers. */
export type WebWorkerClass = new (url: URL | string, options: { readonly type: "module" }) => WebWorker;

/** The globals of a browser that are used here. */
interface Browser {
  /** Undefined in insecure contexts, which have no locks either. */
  readonly crypto: { readonly randomUUID?: () => string };
}

/**
 * Checks that this is a browser with workers.
 * @throws {Error} if not, as in Node.
 */
export const checkHost: CheckHost = (who) => {
  if (typeof (globalThis as { readonly Worker?: unknown }).Worker !== "function")
    throw new Error(`${who}: expected a browser with workers, got a host without Worker; in Node import from "neft"`);
};

/** Sends a new browser worker the data of its start, with the name of a lock for it to hold. */
export function started(
  worker: WebWorker,
  start: WorkerStart | EngineStart,
  transferred: readonly Endpoint[] = [],
): WorkerHandle {
  const id = (globalThis as unknown as Browser).crypto.randomUUID?.();
  worker.postMessage({ ...start, ...(id && { lock: `neft worker ${id}` }) }, [...transferred]);
  return webWorker(worker);
}
