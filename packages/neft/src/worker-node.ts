import { parentPort, workerData } from "node:worker_threads";
import { initFrom } from "@neft/kernels";
import { serveNode } from "@neft/pool";
import { createTrainingWorker } from "@neft/training";
import type { WorkerStart } from "./worker-start.js";

/** Entry point of a Node worker: serves the jobs of evaluations and finetunings. */
const { kernels, slot } = workerData as WorkerStart;
initFrom(kernels);
serveNode(createTrainingWorker(), parentPort, slot);
