import { Death, type Spawn, type WorkerHandle } from "@neft/work";
import type { WorkerScope } from "../first-message.js";
import type { JobNews, JobWish } from "./job-workers.js";

const scope = globalThis as unknown as WorkerScope;
const post = (wish: JobWish): void => scope.postMessage(wish);

/** A job worker that was asked for. */
interface Job {
  readonly death: Death;
  readonly start: (handle: WorkerHandle) => void;
}

/** Job workers by id, until their end. */
const jobs = new Map<number, Job>();
let last = 0;

/** Has the engine's parent start a job worker; see job-workers.ts. It takes the place of `#spawn` in the bundle of the engine. */
export const spawn: Spawn = (slot) => {
  if (last === 0) scope.addEventListener("message", ({ data }) => receive((data ?? {}) as JobNews));
  const id = ++last;
  return new Promise((start) => {
    jobs.set(id, { death: new Death(), start });
    post({ startJob: id, slot });
  });
};

function receive(news: JobNews): void {
  if ("jobEnded" in news) jobs.get(news.jobEnded)?.death.report(new Error(news.cause));
  if (!("jobStarted" in news)) return;
  const { jobStarted: id, port } = news;
  const { death, start } = jobs.get(id)!;
  const handle: WorkerHandle = {
    endpoint: port,
    onDeath: (listener) => death.onDeath(listener),
    terminate: async () => {
      jobs.delete(id);
      post({ endJob: id });
    },
    keepAlive: () => {},
  };
  // Firefox (153) loses messages with shared memory that are posted before the worker has its end of the channel.
  port.addEventListener("message", () => start(handle), { once: true });
  port.addEventListener("messageerror", () => death.report(new Error("worker: expected a readable message, got none")));
  death.onDeath(() => start(handle));
  port.start?.();
}
