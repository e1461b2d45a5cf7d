import type { WorkerHandle } from "@neft/pool";
import type { WebWorkerClass } from "../started.js";
import { startEngineWith } from "./job-workers.js";
import type { EngineStart } from "./protocol.js";

/** The globals of a browser that are used here. */
declare const Worker: WebWorkerClass;
declare const Blob: new (parts: readonly string[], options: { readonly type: string }) => object;
declare const URL: { createObjectURL(blob: object): string };

/** Starts an engine from code. The code's URL stays valid for the job workers, which may start later. */
export function engineFromBlob(code: string, start: EngineStart): WorkerHandle {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  return startEngineWith(() => new Worker(url, { type: "module" }), start);
}
