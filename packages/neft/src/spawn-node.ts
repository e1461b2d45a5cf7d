import { Worker } from "node:worker_threads";
import { compiledKernels } from "@neft/kernels";
import { nodeWorker, type Spawn, type WorkerHandle } from "@neft/work";
import type { CheckHost, EngineStart, SpawnEngine } from "./session/protocol.js";
import type { WorkerStart } from "./worker-start.js";

/**
 * Size of V8's young generation in a worker, in MB. With V8's default of 48, the young generation soon exceeds the growth allowed to the
 * old one, and V8 then marks the old generation without pause: 10 % of a core for workers with short steps. A smaller size collects
 * the young generation more often than necessary.
 */
const maxYoungGenerationSizeMb = 24;

/** Options of `node` that say how to read its program. A worker that inherits them can't start. */
const programOptions = ["--input-type", "-e", "--eval", "-p", "-pe", "--print", "-i", "--interactive"];

/** Starts a job worker in a new Node thread. The build bundles worker-node.ts into thread.js. */
export const spawn: Spawn = (slot) =>
  start(new URL("./thread.js", import.meta.url), { role: "job", kernels: compiledKernels(), slot });

/** Node can always start one. */
export const checkHost: CheckHost = () => {};

/** Starts a session's engine in a new Node thread. */
export const spawnEngine: SpawnEngine = (engine) => start(new URL("./engine-node.js", import.meta.url), engine);

function start(file: URL, workerData: WorkerStart | EngineStart): WorkerHandle {
  const isInherited = !process.execArgv.some((option) => programOptions.includes(option.split("=")[0]!));
  return nodeWorker(
    new Worker(file, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb },
      ...(isInherited ? {} : { execArgv: [] }),
    }),
  );
}
