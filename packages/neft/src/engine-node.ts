import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { addAllOperators } from "./all-operators.js";
import type { EngineStart } from "./session/protocol.js";
import { startEngine } from "./session/start-engine.js";

/** Entry point of a session's engine in Node. */
addAllOperators();
const port = parentPort as MessagePort;
startEngine(workerData as EngineStart, {
  listen: (receive) => port.on("message", receive),
  post: (message, transferred) => port.postMessage(message, transferred),
});
