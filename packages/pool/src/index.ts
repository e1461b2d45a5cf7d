export type { Gate, Place } from "./gate.js";
export type { JobOf, Pool, PoolOptions, ResultOf, RunOptions, Setup } from "./pool.js";
export { createPool } from "./pool.js";
export type { NodePort, NodeWorker, Spawn, WebWorker, WorkerHandle } from "./worker-handle.js";
export { nodeWorker, serveNode, serveWeb, webWorker } from "./worker-handle.js";
