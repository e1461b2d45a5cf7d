import { compiledKernels } from "@neft/kernels";
import { type Spawn, type WebWorker, webWorker } from "@neft/pool";
import type { WorkerStart } from "./worker-start.js";

/** The globals of a browser that are used here. */
interface Browser {
  readonly Worker: new (url: URL, options: { readonly type: "module" }) => WebWorker;
  /** Undefined in insecure contexts, which have no locks either. */
  readonly crypto: { readonly randomUUID?: () => string };
}
declare const Worker: Browser["Worker"];

/** Starts a worker in a browser. Bundlers look for exactly this expression. */
export const spawn: Spawn = (slot) => {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const id = (globalThis as unknown as Browser).crypto.randomUUID?.();
  const start: WorkerStart = { kernels: compiledKernels(), slot, ...(id && { lock: `neft worker ${id}` }) };
  worker.postMessage(start);
  return webWorker(worker);
};
