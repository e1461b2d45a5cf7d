import type { WorkerHandle } from "@neft/pool";
import { started, type WebWorkerClass } from "../started.js";
import type { EngineStart } from "./protocol.js";

/** The globals of a browser that are used here. */
declare const Worker: WebWorkerClass;
declare const Blob: new (parts: readonly string[], options: { readonly type: string }) => object;
declare const URL: { createObjectURL(blob: object): string };

/** Starts an engine from code. Its URL stays valid, because the engine starts its job workers from the same URL. */
export function engineFromBlob(code: string, start: EngineStart): WorkerHandle {
  const blob = new Blob([code], { type: "text/javascript" });
  return started(new Worker(URL.createObjectURL(blob), { type: "module" }), start);
}
