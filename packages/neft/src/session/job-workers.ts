import type { Endpoint, GateSlot, WebWorker, WorkerHandle } from "@neft/work";
import { started } from "../started.js";
import type { EngineStart } from "./protocol.js";

/**
 * Job workers of an engine in a browser. The engine's parent starts them, and a MessageChannel connects them to the engine: where an engine
 * starts them itself, Firefox (153) blocks it for ever in `new Worker`, once in 20 to 40 times.
 */

declare const MessageChannel: new () => { readonly port1: Endpoint; readonly port2: Endpoint };

/** Id of a job worker, made by the engine. */
type JobId = number;

/** What an engine asks its parent for. */
export type JobWish =
  | { readonly startJob: JobId; readonly slot: GateSlot | undefined }
  /** Terminates the worker. */
  | { readonly endJob: JobId };

/** What the parent tells the engine. */
export type JobNews =
  | { readonly jobStarted: JobId; readonly port: Endpoint }
  /** The worker's death, and its cause. */
  | { readonly jobEnded: JobId; readonly cause: string };

/**
 * Starts an engine, and starts and ends job workers as it asks. They end with it.
 * @param make  Makes a worker that runs the engine's file.
 */
export function startEngineWith(make: () => WebWorker, start: EngineStart): WorkerHandle {
  const engine = started(make(), start);
  const { kernels, chunkUrls } = start;
  const jobs = new Map<JobId, WorkerHandle>();
  const post = (news: JobNews, transferred: Endpoint[] = []): void => engine.endpoint.postMessage(news, transferred);
  const end = (id: JobId): void => {
    void jobs.get(id)?.terminate();
    jobs.delete(id);
  };
  const endAll = (): void => {
    for (const id of jobs.keys()) end(id);
  };
  engine.endpoint.addEventListener("message", ({ data }: { readonly data: unknown }) => {
    const wish = (data ?? {}) as JobWish;
    if ("endJob" in wish) end(wish.endJob);
    if (!("startJob" in wish)) return;
    const { startJob: id, slot } = wish;
    const { port1, port2 } = new MessageChannel();
    const job = started(make(), { role: "job", kernels, chunkUrls, slot, port: port1 }, [port1]);
    jobs.set(id, job);
    job.onDeath(({ message: cause }) => post({ jobEnded: id, cause }));
    post({ jobStarted: id, port: port2 }, [port2]);
  });
  engine.onDeath(endAll);
  return {
    ...engine,
    terminate: () => {
      endAll();
      return engine.terminate();
    },
  };
}
