import { initFrom } from "@neft/kernels";
import { createWorkers } from "../workers.js";
import { createEngine } from "./engine.js";
import type { EngineStart } from "./protocol.js";
import { type SessionEnd, serveEngine } from "./serve-engine.js";

/**
 * Starts the kernels of an engine, and serves its session.
 * @param loadOperators  As for `createEngine`.
 */
export function startEngine(
  { kernels, workers }: EngineStart,
  session: SessionEnd,
  loadOperators?: () => Promise<void>,
): void {
  initFrom(kernels);
  serveEngine(createEngine(createWorkers(workers), loadOperators), session);
}
