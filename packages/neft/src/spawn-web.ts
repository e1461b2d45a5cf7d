import { compiledKernels } from "@neft/kernels";
import type { Spawn, WorkerHandle } from "@neft/pool";
import { withJobWorkers } from "./session/job-workers.js";
import type { EngineStart } from "./session/protocol.js";
import { started, type WebWorkerClass } from "./started.js";

declare const Worker: WebWorkerClass;

/** Starts a job worker in a browser. Bundlers look for exactly this expression. */
export const spawn: Spawn = (slot) =>
  started(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), {
    role: "job",
    kernels: compiledKernels(),
    slot,
  });

const makeEngine = () => new Worker(new URL("./engine.js", import.meta.url), { type: "module" });

/** Starts a session's engine in a browser, and the job workers that it asks for. */
export const spawnEngine = (start: EngineStart): WorkerHandle =>
  withJobWorkers(started(makeEngine(), start), start.kernels, makeEngine);
