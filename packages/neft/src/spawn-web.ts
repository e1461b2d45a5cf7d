import { compiledKernels } from "@neft/kernels";
import type { Spawn } from "@neft/work";
import type { ChunkUrls } from "./chunk-names.js";
import { startEngineWith } from "./session/job-workers.js";
import type { SpawnEngine } from "./session/protocol.js";
import { started, type WebWorkerClass } from "./started.js";

export { checkHost } from "./started.js";

declare const Worker: WebWorkerClass;

/** Bundlers look for exactly these expressions. */
const chunkUrls: ChunkUrls = {
  "operators.js": new URL("./operators.js", import.meta.url).href,
  "rescaling.js": new URL("./rescaling.js", import.meta.url).href,
  "readers.js": new URL("./readers.js", import.meta.url).href,
};

/** Starts a job worker in a browser. Bundlers look for exactly this expression. */
export const spawn: Spawn = (slot) =>
  started(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), {
    role: "job",
    kernels: compiledKernels(),
    chunkUrls,
    slot,
  });

/** Starts a session's engine in a browser. Bundlers look for exactly this expression, too. */
export const spawnEngine: SpawnEngine = (start) =>
  startEngineWith(() => new Worker(new URL("./engine.js", import.meta.url), { type: "module" }), {
    ...start,
    chunkUrls,
  });
