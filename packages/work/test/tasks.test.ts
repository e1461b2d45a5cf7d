import { Worker } from "node:worker_threads";
import { createPool, nodeWorker, type Workers, withExecutor } from "@neft/work";
import { afterAll, describe, expect, it } from "vitest";
import { type SumSetup, sumTask } from "./fixtures/tasks.mjs";

const entry = new URL("./fixtures/worker.mjs", import.meta.url);
const pools = [1, 3].map((size) =>
  createPool({ size, spawn: (slot) => nodeWorker(new Worker(entry, { workerData: slot })) }),
);
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const setup: SumSetup = { values: Float64Array.from({ length: 50 }, (_, i) => Math.sqrt(i)), weight: 0.3 };
const jobs = Array.from({ length: 20 }, (_, i) => ({ from: i, to: 2 * i + 1 }));

const sums = (workers: Workers | undefined, given = setup): Promise<number[]> =>
  withExecutor(workers, undefined, async (executor) => {
    const results: number[] = [];
    await executor.run(sumTask, given, jobs, (index, { from, sum }) => {
      expect(from).toBe(jobs[index]!.from);
      results[index] = sum;
    });
    return results;
  });

describe("a task of one's own", () => {
  it("has the same results in this thread and on any number of workers", async () => {
    const here = await sums(undefined);
    expect(here).toHaveLength(jobs.length);
    expect(here[1]).toBe(0.3 * 1 + 0.3 * Math.SQRT2);
    for (const pool of pools) expect(await sums(pool)).toEqual(here);
  });

  it("has them while calls with other setups use the same workers", async () => {
    const setups = [1, 2, 3, 4].map((weight) => ({ ...setup, weight }));
    const alone = await Promise.all(setups.map((one) => sums(undefined, one)));
    expect(new Set(alone.map(([, sum]) => sum)).size).toBe(setups.length);
    for (const pool of pools) expect(await Promise.all(setups.map((one) => sums(pool, one)))).toEqual(alone);
  });
});
