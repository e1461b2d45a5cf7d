import { parentPort, workerData } from "node:worker_threads";
import { init } from "@neft/kernels";
import { serveNode } from "@neft/pool";
import { createTrainingWorker } from "@neft/training";
import type { WorkerStart } from "./spawn.js";

/** The module every Node worker runs: does the jobs of evaluations and finetunings that it is sent. */
const { relaxed, place } = workerData as WorkerStart;
await init({ relaxed });
serveNode(createTrainingWorker(), parentPort, place);
