import { serveWeb } from "@neft/pool";
import { setChunkUrls } from "./load-chunk.js";
import { loadOperators } from "./load-operators.js";
import { startWorker, type WorkerStart } from "./worker-start.js";

/** Serves the jobs of evaluations and finetunings in a browser worker. */
export function serveJobs(start: WorkerStart): void {
  setChunkUrls(start.chunkUrls!);
  serveWeb(startWorker(start, loadOperators), start);
  start.port?.postMessage({ started: true });
}
