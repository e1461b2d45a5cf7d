import { serveWeb } from "@neft/work";
import { setChunkUrls } from "./load-chunk.js";
import { loadOperators } from "./load-operators.js";
import { loadingOperators, tasks } from "./tasks.js";
import { startWorker, type WorkerStart } from "./worker-start.js";

/** Serves jobs in a browser worker. */
export function serveJobs(start: WorkerStart): void {
  setChunkUrls(start.chunkUrls!);
  startWorker(start);
  serveWeb(loadingOperators(tasks, loadOperators), start);
  start.port?.postMessage({ started: true });
}
