import { onFirstMessage } from "./first-message.js";
import { serveJobs } from "./serve-jobs.js";
import type { WorkerStart } from "./worker-start.js";

/** Entry point of a browser worker; the build bundles it into one file, worker.js. */
onFirstMessage<WorkerStart>({ job: serveJobs });
