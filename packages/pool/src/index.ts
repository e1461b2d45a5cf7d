export type { Gate, GateSlot } from "./gate.js";
export type { JobOf, Lease, Remote, ResultOf, RunOptions, Setup } from "./lease.js";
export type { LendOptions, Pool, PoolOptions } from "./pool.js";
export { createPool, mostWorkers } from "./pool.js";
export type { NodePort, NodeWorker, Spawn, WebWorker, WorkerHandle } from "./worker-handle.js";
export { nodeWorker, serveNode, serveWeb, webWorker } from "./worker-handle.js";
