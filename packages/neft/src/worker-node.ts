import { parentPort, workerData } from "node:worker_threads";
import { serveNode } from "@neft/work";
import { addAllOperators } from "./all-operators.js";
import { tasks } from "./tasks.js";
import { startWorker, type WorkerStart } from "./worker-start.js";

/** Entry point of a Node worker: serves jobs. */
addAllOperators();
const start = workerData as WorkerStart;
startWorker(start);
serveNode(tasks, parentPort, start.slot);
