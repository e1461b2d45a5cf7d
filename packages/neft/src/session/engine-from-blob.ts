import type { WorkerHandle } from "@neft/work";
import type { WebWorkerClass } from "../started.js";
import { startEngineWith } from "./job-workers.js";
import type { EngineStart } from "./protocol.js";

/** The globals of a browser that are used here. */
declare const Worker: WebWorkerClass;
declare const Blob: new (parts: readonly string[], options: { readonly type: string }) => object;
declare const URL: { createObjectURL(blob: object): string };

/** URLs by code: each keeps its code in memory as long as the page lives. */
const urls = new Map<string, string>();

/** A URL of code. It stays valid for workers that start later. */
export function urlOf(code: string): string {
  const url = urls.get(code) ?? URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  urls.set(code, url);
  return url;
}

/** Starts an engine from code. */
export function engineFromBlob(code: string, start: EngineStart): WorkerHandle {
  const url = urlOf(code);
  return startEngineWith(() => new Worker(url, { type: "module" }), start);
}
