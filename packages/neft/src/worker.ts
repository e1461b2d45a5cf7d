import { parentPort, workerData } from "node:worker_threads";
import { init } from "@neft/kernels";
import { serveNode } from "@neft/pool";
import { createTrainingWorker } from "@neft/training";
import type { WorkerStart } from "./spawn.js";

/** Entry point of a Node worker: serves the jobs of evaluations and finetunings. */
const { relaxed, slot } = workerData as WorkerStart;
await init({ relaxed });
serveNode(createTrainingWorker(), parentPort, slot);
