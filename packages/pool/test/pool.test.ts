import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { Place, Pool, PoolOptions, Spawn } from "@neft/pool";
import { createPool, nodeWorker } from "@neft/pool";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

interface DieJob {
  readonly how: "exit" | "error";
  readonly marker?: string;
  readonly value: number;
}

interface Api {
  load(value: string): void;
  square(job: { value: number }): number;
  describe(job: number): { threadId: number; state: string; jobsDone: number };
  refuse(job: { reason: string }): never;
  die(job: DieJob): number;
  hang(job: number): number;
  spin(job: number): number;
  countDown(milliseconds: number): boolean;
}

const entry = new URL("./fixtures/counter.mjs", import.meta.url);
let folder: string;
let workers: Worker[];
let pool: Pool<Api>;

function open(options: Partial<PoolOptions<Api>> = {}): Pool<Api> {
  const spawn: Spawn = (place) => {
    const worker = new Worker(entry, { workerData: place });
    workers.push(worker);
    return nodeWorker(worker);
  };
  pool = createPool<Api>({ size: 2, spawn, ...options });
  return pool;
}

/** threadId is −1 once a worker has ended. */
const living = () => workers.filter((worker) => worker.threadId !== -1).length;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pool-"));
  workers = [];
});

afterEach(async () => {
  await pool.close();
  expect(living()).toBe(0);
  rmSync(folder, { recursive: true });
});

describe("jobs", () => {
  it("gives results in the order of the jobs, and each with its index", async () => {
    const seen = new Map<number, number>();
    const jobs = Array.from({ length: 17 }, (_, value) => ({ value }));
    const results = await open().run(jobs, { method: "square", onResult: (index, result) => seen.set(index, result) });
    expect(results).toEqual(jobs.map(({ value }) => value * value));
    expect([...seen].sort(([a], [b]) => a - b)).toEqual(results.map((result, index) => [index, result]));
  });

  it("does nothing for no jobs", async () => {
    expect(await open().run([], { method: "square" })).toEqual([]);
    expect(workers).toHaveLength(0);
  });

  it("starts no more workers than there are jobs, and keeps them between runs", async () => {
    open({ size: 4 });
    await pool.run([{ value: 1 }], { method: "square" });
    await pool.run([{ value: 2 }], { method: "square" });
    expect(workers).toHaveLength(1);
  });

  it("takes a job only when a worker is free", async () => {
    let taken = 0;
    let done = 0;
    function* jobs() {
      for (let value = 0; value < 20; value++) {
        taken++;
        expect(taken - done).toBeLessThanOrEqual(2);
        yield { value };
      }
    }
    await open().run(jobs(), { method: "square", onResult: () => done++ });
    expect(done).toBe(20);
  });

  it("waits for an asynchronous onResult before the next job", async () => {
    let pending = 0;
    await open({ size: 1 }).run([{ value: 1 }, { value: 2 }, { value: 3 }], {
      method: "square",
      onResult: async () => {
        expect(++pending).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        pending--;
      },
    });
  });

  it("ends with the error of a job that throws and can be used again", async () => {
    open();
    await expect(pool.run([{ reason: "no" }], { method: "refuse" })).rejects.toThrow("no");
    expect(await pool.run([{ value: 3 }], { method: "square" })).toEqual([9]);
    expect(workers).toHaveLength(1);
  });

  it("ends with the error of a job that can't be sent, of onResult, and of the jobs themselves", async () => {
    open();
    const unsendable = { value: (() => 1) as unknown as number };
    await expect(pool.run([unsendable], { method: "square" })).rejects.toThrow(/could not be cloned/);
    const onResult = () => {
      throw new Error("full");
    };
    await expect(pool.run([{ value: 1 }], { method: "square", onResult })).rejects.toThrow("full");
    function* broken() {
      yield { value: 1 };
      throw new Error("no more");
    }
    await expect(pool.run(broken(), { method: "square" })).rejects.toThrow("no more");
  });
});

describe("the gate", () => {
  const squares = (count: number) => Array.from({ length: count }, (_, value) => ({ value }));

  it("lets every worker through at once, run after run, whatever the number of jobs", async () => {
    open({ size: 3 });
    await pool.run(squares(3), { method: "square" });
    const start = performance.now();
    for (let run = 0; run < 100; run++) {
      const jobs = squares(1 + (run % 5));
      expect(await pool.run(jobs, { method: "square" })).toEqual(jobs.map(({ value }) => value * value));
    }
    // A worker that nobody lets through goes on by itself after 100 ms.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("has a place for each worker, and again for the one that follows a death", async () => {
    const places: (Place | undefined)[] = [];
    const spawn: Spawn = (place) => {
      places.push(place);
      return nodeWorker(new Worker(entry, { workerData: place }));
    };
    open({ size: 2, spawn });
    await pool.run(squares(2), { method: "square" });
    expect(new Set(places.map((place) => place?.index))).toEqual(new Set([0, 1]));
    await pool.run([{ how: "exit", marker: join(folder, "died"), value: 1 }], { method: "die" });
    await pool.run(squares(2), { method: "square" });
    expect(places).toHaveLength(3);
    expect([0, 1]).toContain(places[2]?.index);
  });

  it("lets every message of a setup through", async () => {
    const start = performance.now();
    open({ size: 1 });
    for (let run = 0; run < 20; run++) {
      pool.prepare(async (api) => {
        for (let call = 0; call < 5; call++) await api.load(`${run}`);
      });
      expect(await pool.run([0], { method: "describe" })).toMatchObject([{ state: `${run}` }]);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("keeps a worker from its own timers for a moment only", async () => {
    open({ size: 1 });
    await pool.run([20], { method: "countDown" });
    await expect.poll(() => pool.run([0], { method: "countDown" }), { interval: 200, timeout: 5000 }).toEqual([true]);
  });

  it("isn't there without shared memory", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const places: (Place | undefined)[] = [];
    const spawn: Spawn = (place) => {
      places.push(place);
      return nodeWorker(new Worker(entry));
    };
    open({ size: 2, spawn });
    vi.unstubAllGlobals();
    expect(await pool.run(squares(5), { method: "square" })).toEqual([0, 1, 4, 9, 16]);
    expect(places).toEqual([undefined, undefined]);
  });
});

describe("setup", () => {
  it("runs once on every worker, before its first job", async () => {
    let setups = 0;
    open({
      setup: async (api) => {
        setups++;
        await api.load("ready");
      },
    });
    const states = await pool.run([0, 1, 2, 3, 4, 5], { method: "describe" });
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["ready"]));
    expect(setups).toBe(workers.length);
  });

  it("runs on the fresh worker after a death", async () => {
    open({ size: 1, setup: (api) => api.load("ready") });
    await pool.run([{ how: "exit", marker: join(folder, "died"), value: 1 }], { method: "die" });
    expect(workers).toHaveLength(2);
    expect(await pool.run([0], { method: "describe" })).toMatchObject([{ state: "ready" }]);
  });

  it("can be replaced: workers go through the new one before their next job", async () => {
    open({ size: 1, setup: (api) => api.load("first") });
    expect(await pool.run([0], { method: "describe" })).toMatchObject([{ state: "first" }]);
    pool.prepare((api) => api.load("second"));
    expect(await pool.run([0, 1], { method: "describe" })).toMatchObject([{ state: "second" }, { state: "second" }]);
    expect(workers).toHaveLength(1);
  });

  it("ends the run when it throws", async () => {
    open({ setup: (api) => api.refuse({ reason: "bad state" }) });
    await expect(pool.run([{ value: 1 }], { method: "square" })).rejects.toThrow("bad state");
  });
});

describe("deaths", () => {
  for (const how of ["exit", "error"] as const) {
    it(`runs a job again whose worker died once (${how})`, async () => {
      const jobs = [0, 1, 2, 3, 4].map((value) => ({ how, value, marker: join(folder, value === 2 ? "died" : ".") }));
      expect(await open().run(jobs, { method: "die" })).toEqual([0, 1, 2, 3, 4]);
      expect(existsSync(join(folder, "died"))).toBe(true);
    });

    it(`ends with the cause at a job's second death (${how}), all workers terminated`, async () => {
      open({ size: 3 });
      const jobs = [0, 1, 2, 3].map((value) => ({ how, value, ...(value === 2 ? {} : { marker: folder }) }));
      const cause = how === "exit" ? "exited with code 3" : "struck by lightning";
      const run = pool.run(jobs, { method: "die" });
      await expect(run).rejects.toThrow(`pool: job 2 (die): expected a living worker, got a second death`);
      await expect(run).rejects.toThrow(cause);
      await expect(run).rejects.toHaveProperty("cause");
      expect(await pool.run([{ value: 5 }], { method: "square" })).toEqual([25]);
    });
  }

  it("terminates the other jobs' busy workers at a second death", async () => {
    open({ size: 2 });
    // The first worker gets through its setup and hangs in its job; every other one dies in its setup.
    let workersSetUp = 0;
    pool.prepare(async (api) => {
      if (workersSetUp++ > 0) await api.die({ how: "exit", value: 0 });
    });
    await expect(pool.run([1, 2], { method: "hang" })).rejects.toThrow("second death");
    expect(living()).toBe(0);
  });

  it("survives the death of an idle worker", async () => {
    open({ size: 1 });
    await pool.run([{ value: 1 }], { method: "square" });
    await workers[0]?.terminate();
    expect(await pool.run([{ value: 2 }], { method: "square" })).toEqual([4]);
    expect(workers).toHaveLength(2);
  });

  it("ends with the cause when workers can't load or can't be started", async () => {
    open({ spawn: () => nodeWorker(new Worker("throw new Error('no such module')", { eval: true })) });
    await expect(pool.run([{ value: 1 }], { method: "square" })).rejects.toThrow("no such module");
    await pool.close();
    const spawn = () => Promise.reject(new Error("out of threads"));
    await expect(open({ spawn }).run([{ value: 1 }], { method: "square" })).rejects.toThrow("out of threads");
  });
});

describe("ends", () => {
  it("stops at an abort signal with its reason, even when a worker spins", async () => {
    open();
    const controller = new AbortController();
    const run = pool.run([1, 2, 3], { method: "spin", signal: controller.signal });
    setTimeout(() => controller.abort(new Error("Ctrl-C")), 50);
    await expect(run).rejects.toThrow("Ctrl-C");
    expect(living()).toBe(0);
    expect(await pool.run([{ value: 4 }], { method: "square" })).toEqual([16]);
  });

  it("doesn't start when the signal is aborted already", async () => {
    open();
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(pool.run([{ value: 1 }], { method: "square", signal })).rejects.toThrow("too late");
    expect(workers).toHaveLength(0);
  });

  it("rejects a run under way when closed, and every run afterwards", async () => {
    open();
    const run = pool.run([1, 2], { method: "hang" });
    const rejected = expect(run).rejects.toThrow("got closed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await pool.close();
    await rejected;
    await expect(pool.run([1], { method: "hang" })).rejects.toThrow("expected an open pool");
  });

  it("refuses a second run at the same time, and a size that is none", async () => {
    open();
    const run = pool.run([{ value: 1 }], { method: "square" });
    await expect(pool.run([{ value: 1 }], { method: "square" })).rejects.toThrow("one run at a time");
    await run;
    for (const size of [0, -1, 1.5, Number.NaN])
      expect(() => createPool({ size, spawn: () => null as never })).toThrow(RangeError);
  });

  it("lets the process end after close", () => {
    const script = fileURLToPath(new URL("./fixtures/closing.mjs", import.meta.url));
    expect(execFileSync(process.execPath, [script], { encoding: "utf8", timeout: 20_000 })).toBe("49\n");
    open();
  });
});
