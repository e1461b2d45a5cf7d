import { parentPort, workerData } from "node:worker_threads";
import { serveNode } from "@neft/pool";
import { addAllOperators } from "./all-operators.js";
import { startWorker, type WorkerStart } from "./worker-start.js";

/** Entry point of a Node worker: serves the jobs of evaluations and finetunings. */
addAllOperators();
const start = workerData as WorkerStart;
serveNode(startWorker(start), parentPort, start.slot);
