import { serveWeb } from "@neft/pool";
import { operatorsFrom } from "./operators-file.js";
import { startWorker, type WorkerStart } from "./worker-start.js";

/** Serves the jobs of evaluations and finetunings in a browser worker. */
export function serveJobs(start: WorkerStart): void {
  serveWeb(startWorker(start, operatorsFrom(start.operators!)), start);
  start.port?.postMessage({ started: true });
}
