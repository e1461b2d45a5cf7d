import { inWords } from "@neft/options";
import type { OpenTask, Task } from "./task.js";

/** Identifies a task and its setup; unique in a pool. */
export type SetupKey = string;

/** The methods of a worker. It has at most one open task. */
export interface TaskServer {
  /**
   * Closes the open task and opens another.
   * @throws {Error} for the id of a task that the worker doesn't serve; any error of the task. No task is then open.
   */
  open(key: SetupKey, task: string, setup: object): Promise<void>;
  /**
   * Does a job of the open task.
   * @throws {Error} if that was opened with another key; any error of the job.
   */
  do(key: SetupKey, job: unknown): unknown;
}

/**
 * Makes the methods of a worker that serves these tasks.
 * @throws {Error} if two have the same id.
 */
export function createTaskServer(tasks: readonly Task[]): TaskServer {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const ids = tasks.map(({ id }) => id);
  if (byId.size < ids.length) throw new Error(`worker: expected tasks with different ids, got ${ids.join(", ")}`);
  let open: { readonly key: SetupKey; readonly task: OpenTask } | undefined;
  return {
    async open(key, id, setup) {
      const task = byId.get(id);
      if (!task) throw new Error(`worker: expected a task that it serves (${ids.join(", ")}), got ${inWords(id)}`);
      const before = open;
      open = undefined;
      before?.task.close();
      open = { key, task: await task.open(setup) };
    },
    do(key, job) {
      if (open?.key !== key)
        throw new Error(`worker: expected a job of setup ${open?.key ?? "none"}, got one of ${key}`);
      return open.task.do(job);
    },
  };
}
