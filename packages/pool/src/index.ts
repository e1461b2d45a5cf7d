export type { Endpoint } from "./endpoint.js";
export { type ErrorClass, fromThrown, registerErrors, type Thrown, toThrown } from "./errors.js";
export type { Gate, GateSlot } from "./gate.js";
export type { JobOf, Lease, Remote, ResultOf, RunOptions, Setup } from "./lease.js";
export type { LendOptions, Pool, PoolOptions } from "./pool.js";
export { createPool, mostWorkers } from "./pool.js";
export { serveNode, serveWeb } from "./serve.js";
export type { NodePort, NodeWorker, Spawn, WebWorker, WorkerHandle } from "./worker-handle.js";
export { Death, holdLock, nodeWorker, webWorker } from "./worker-handle.js";
