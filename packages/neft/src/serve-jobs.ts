import { serveWeb } from "@neft/pool";
import { startWorker, type WorkerStart } from "./worker-start.js";

/** Serves the jobs of evaluations and finetunings in a browser worker. */
export function serveJobs(start: WorkerStart): void {
  serveWeb(startWorker(start), start);
  start.port?.postMessage({ started: true });
}
