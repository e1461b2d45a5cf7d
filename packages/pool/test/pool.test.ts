import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { messageWith, type OptionErrorParts } from "@neft/options";
import type { JobOf, Lease, Place, Pool, PoolOptions, ResultOf, RunOptions, Setup, Spawn } from "@neft/pool";
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
  refuseOption(job: OptionErrorParts): never;
  die(job: DieJob): number;
  hang(job: number): number;
  spin(job: number): number;
  countDown(milliseconds: number): boolean;
}

const entry = new URL("./fixtures/counter.mjs", import.meta.url);
let folder: string;
let workers: Worker[];
let pool: Pool<Api>;

function open(options: Partial<PoolOptions> = {}): Pool<Api> {
  const spawn: Spawn = (place) => {
    const worker = new Worker(entry, { workerData: place });
    workers.push(worker);
    return nodeWorker(worker);
  };
  pool = createPool<Api>({ size: 2, spawn, ...options });
  return pool;
}

/** One run on a lease of its own. */
function run<Name extends keyof Api & string>(
  jobs: Iterable<JobOf<Api, Name>>,
  options: RunOptions<Name, ResultOf<Api, Name>>,
  setup?: Setup<Api>,
): Promise<ResultOf<Api, Name>[]> {
  return pool.lend((lease) => {
    if (setup) lease.prepare(setup);
    return lease.run(jobs, options);
  });
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
    open();
    const results = await run(jobs, { method: "square", onResult: (index, result) => seen.set(index, result) });
    expect(results).toEqual(jobs.map(({ value }) => value * value));
    expect([...seen].sort(([a], [b]) => a - b)).toEqual(results.map((result, index) => [index, result]));
  });

  it("does nothing for no jobs", async () => {
    open();
    expect(await run([], { method: "square" })).toEqual([]);
    expect(workers).toHaveLength(0);
  });

  it("starts no more workers than there are jobs, and keeps them between runs", async () => {
    open({ size: 4 });
    await run([{ value: 1 }], { method: "square" });
    await run([{ value: 2 }], { method: "square" });
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
    open();
    await run(jobs(), { method: "square", onResult: () => done++ });
    expect(done).toBe(20);
  });

  it("waits for an asynchronous onResult before the next job", async () => {
    let pending = 0;
    open({ size: 1 });
    await run([{ value: 1 }, { value: 2 }, { value: 3 }], {
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
    await expect(run([{ reason: "no" }], { method: "refuse" })).rejects.toThrow("no");
    expect(await run([{ value: 3 }], { method: "square" })).toEqual([9]);
    expect(workers).toHaveLength(1);
  });

  it("hands on the fields of a job's error that are text, so that an option's name survives", async () => {
    open();
    const parts = { option: "a", expected: "more than {b}", got: "1", mentions: ["b"] };
    const error = await run([parts], { method: "refuseOption" }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ ...parts, message: "a: expected more than b, got 1" });
    expect(messageWith(error, (option) => `--${option}`)).toBe("--a: expected more than --b, got 1");
    expect(error).not.toHaveProperty("where");
  });

  it("ends with the error of a job that can't be sent, of onResult, and of the jobs themselves", async () => {
    open();
    const unsendable = { value: (() => 1) as unknown as number };
    await expect(run([unsendable], { method: "square" })).rejects.toThrow(/could not be cloned/);
    const onResult = () => {
      throw new Error("full");
    };
    await expect(run([{ value: 1 }], { method: "square", onResult })).rejects.toThrow("full");
    function* broken() {
      yield { value: 1 };
      throw new Error("no more");
    }
    await expect(run(broken(), { method: "square" })).rejects.toThrow("no more");
  });
});

describe("the gate", () => {
  const squares = (count: number) => Array.from({ length: count }, (_, value) => ({ value }));

  it("lets every worker through at once, run after run, whatever the number of jobs", async () => {
    open({ size: 3 });
    await run(squares(3), { method: "square" });
    const start = performance.now();
    for (let turn = 0; turn < 100; turn++) {
      const jobs = squares(1 + (turn % 5));
      expect(await run(jobs, { method: "square" })).toEqual(jobs.map(({ value }) => value * value));
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
    await run(squares(2), { method: "square" });
    expect(new Set(places.map((place) => place?.index))).toEqual(new Set([0, 1]));
    await run([{ how: "exit", marker: join(folder, "died"), value: 1 }], { method: "die" });
    await run(squares(2), { method: "square" });
    expect(places).toHaveLength(3);
    expect([0, 1]).toContain(places[2]?.index);
  });

  it("lets every message of a setup through", async () => {
    const start = performance.now();
    open({ size: 1 });
    for (let turn = 0; turn < 20; turn++) {
      const setup: Setup<Api> = async (api) => {
        for (let call = 0; call < 5; call++) await api.load(`${turn}`);
      };
      expect(await run([0], { method: "describe" }, setup)).toMatchObject([{ state: `${turn}` }]);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("keeps a worker from its own timers for a moment only", async () => {
    open({ size: 1 });
    await run([20], { method: "countDown" });
    await expect.poll(() => run([0], { method: "countDown" }), { interval: 200, timeout: 5000 }).toEqual([true]);
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
    expect(await run(squares(5), { method: "square" })).toEqual([0, 1, 4, 9, 16]);
    expect(places).toEqual([undefined, undefined]);
  });
});

describe("setup", () => {
  it("runs once on every worker, before its first job", async () => {
    let setups = 0;
    open();
    const states = await run([0, 1, 2, 3, 4, 5], { method: "describe" }, async (api) => {
      setups++;
      await api.load("ready");
    });
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(["ready"]));
    expect(setups).toBe(workers.length);
  });

  it("runs on the fresh worker after a death", async () => {
    open({ size: 1 });
    const setup: Setup<Api> = (api) => api.load("ready");
    await run([{ how: "exit", marker: join(folder, "died"), value: 1 }], { method: "die" }, setup);
    expect(workers).toHaveLength(2);
    expect(await run([0], { method: "describe" })).toMatchObject([{ state: "ready" }]);
  });

  it("can be replaced: workers go through the new one before their next job", async () => {
    open({ size: 1 });
    await pool.lend(async (lease) => {
      lease.prepare((api) => api.load("first"));
      expect(await lease.run([0], { method: "describe" })).toMatchObject([{ state: "first" }]);
      lease.prepare((api) => api.load("second"));
      expect(await lease.run([0, 1], { method: "describe" })).toMatchObject([{ state: "second" }, { state: "second" }]);
    });
    expect(workers).toHaveLength(1);
  });

  it("ends the run when it throws", async () => {
    open();
    const setup: Setup<Api> = (api) => api.refuse({ reason: "bad state" });
    await expect(run([{ value: 1 }], { method: "square" }, setup)).rejects.toThrow("bad state");
  });

  it("is done anew after one that failed on the way", async () => {
    open({ size: 1 });
    await pool.lend(async (lease) => {
      const good: Setup<Api> = (api) => api.load("good");
      lease.prepare(good);
      await lease.run([0], { method: "describe" });
      lease.prepare(async (api) => {
        await api.load("half");
        await api.refuse({ reason: "no more" });
      });
      await expect(lease.run([0], { method: "describe" })).rejects.toThrow("no more");
      lease.prepare(good);
      expect(await lease.run([0], { method: "describe" })).toMatchObject([{ state: "good" }]);
    });
  });
});

describe("leases", () => {
  const ten = Array.from({ length: 10 }, (_, value) => value);
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  it("keep their setup, in the gaps between their runs too, however many are asked for at once", async () => {
    open({ size: 2 });
    const states = (name: string, runs: number) =>
      pool.lend(async (lease) => {
        lease.prepare((api) => api.load(name));
        const seen: string[] = [];
        for (let turn = 0; turn < runs; turn++) {
          const results = await lease.run(ten, { method: "describe" });
          seen.push(...results.map(({ state }) => state));
          await pause(5);
        }
        return new Set(seen);
      });
    const names = ["a", "b", "c", "d", "e"];
    const all = await Promise.all(names.map((name, i) => states(name, 1 + (i % 3))));
    expect(all).toEqual(names.map((name) => new Set([name])));
  });

  it("come in the order they were asked for, each when the one before has ended, however it ends", async () => {
    open();
    const order: string[] = [];
    const lease = (name: string, fails: boolean) =>
      pool.lend(async () => {
        order.push(`+${name}`);
        await pause(5);
        order.push(`-${name}`);
        if (fails) throw new Error(`${name} failed`);
      });
    const all = await Promise.allSettled([lease("a", false), lease("b", true), lease("c", false)]);
    expect(order).toEqual(["+a", "-a", "+b", "-b", "+c", "-c"]);
    expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it("are no longer waited for after an abort, which lets nobody overtake", async () => {
    open();
    const order: string[] = [];
    const controller = new AbortController();
    const held = pool.lend(() => pause(50).then(() => order.push("held")));
    const gone = pool.lend(() => Promise.resolve(order.push("gone")), { signal: controller.signal });
    const next = pool.lend(() => Promise.resolve(order.push("next")));
    controller.abort(new Error("no time"));
    await expect(gone).rejects.toThrow("no time");
    expect(order).toEqual([]);
    await Promise.all([held, next]);
    expect(order).toEqual(["held", "next"]);
    const late = pool.lend(() => Promise.resolve(), { signal: controller.signal });
    await expect(late).rejects.toThrow("no time");
  });

  it("are refused to all who wait when the pool closes", async () => {
    open();
    const held = pool.lend((lease) => lease.run([1], { method: "hang" }));
    const waiting = pool.lend(() => Promise.resolve("never"));
    const rejected = Promise.all([
      expect(held).rejects.toThrow("got closed"),
      expect(waiting).rejects.toThrow("got closed"),
    ]);
    await pause(50);
    await pool.close();
    await rejected;
    await expect(pool.lend(() => Promise.resolve())).rejects.toThrow("expected an open pool");
  });

  it("stop a run that nobody awaited, and are of no use once they have ended", async () => {
    open({ size: 1 });
    let kept: Lease<Api> | undefined;
    let run: Promise<unknown> | undefined;
    await pool.lend(async (lease) => {
      kept = lease;
      run = lease.run([1], { method: "hang" });
      run.catch(() => {});
      await pause(20);
    });
    await expect(run).rejects.toThrow("expected the run to end before its lease");
    expect(() => kept!.prepare((api) => api.load("late"))).toThrow("got one that has ended");
    await expect(kept!.run([{ value: 1 }], { method: "square" })).rejects.toThrow("got one that has ended");
    expect(await pool.lend((lease) => lease.run([{ value: 3 }], { method: "square" }))).toEqual([9]);
  });

  it("refuse a second run at the same time", async () => {
    open();
    await pool.lend(async (lease) => {
      const first = lease.run([{ value: 1 }], { method: "square" });
      await expect(lease.run([{ value: 1 }], { method: "square" })).rejects.toThrow("one run at a time");
      await first;
    });
  });
});

describe("deaths", () => {
  for (const how of ["exit", "error"] as const) {
    it(`runs a job again whose worker died once (${how})`, async () => {
      const jobs = [0, 1, 2, 3, 4].map((value) => ({ how, value, marker: join(folder, value === 2 ? "died" : ".") }));
      open();
      expect(await run(jobs, { method: "die" })).toEqual([0, 1, 2, 3, 4]);
      expect(existsSync(join(folder, "died"))).toBe(true);
    });

    it(`ends with the cause at a job's second death (${how}), all workers terminated`, async () => {
      open({ size: 3 });
      const jobs = [0, 1, 2, 3].map((value) => ({ how, value, ...(value === 2 ? {} : { marker: folder }) }));
      const cause = how === "exit" ? "exited with code 3" : "struck by lightning";
      const first = run(jobs, { method: "die" });
      await expect(first).rejects.toThrow(`pool: job 2 (die): expected a living worker, got a second death`);
      await expect(first).rejects.toThrow(cause);
      await expect(first).rejects.toHaveProperty("cause");
      expect(await run([{ value: 5 }], { method: "square" })).toEqual([25]);
    });
  }

  it("terminates the other jobs' busy workers at a second death", async () => {
    open({ size: 2 });
    // The first worker gets through its setup and hangs in its job; every other one dies in its setup.
    let workersSetUp = 0;
    const setup: Setup<Api> = async (api) => {
      if (workersSetUp++ > 0) await api.die({ how: "exit", value: 0 });
    };
    await expect(run([1, 2], { method: "hang" }, setup)).rejects.toThrow("second death");
    expect(living()).toBe(0);
  });

  it("survives the death of an idle worker", async () => {
    open({ size: 1 });
    await run([{ value: 1 }], { method: "square" });
    await workers[0]?.terminate();
    expect(await run([{ value: 2 }], { method: "square" })).toEqual([4]);
    expect(workers).toHaveLength(2);
  });

  it("ends with the cause when workers can't load or can't be started", async () => {
    open({ spawn: () => nodeWorker(new Worker("throw new Error('no such module')", { eval: true })) });
    await expect(run([{ value: 1 }], { method: "square" })).rejects.toThrow("no such module");
    await pool.close();
    const spawn = () => Promise.reject(new Error("out of threads"));
    open({ spawn });
    await expect(run([{ value: 1 }], { method: "square" })).rejects.toThrow("out of threads");
  });
});

describe("ends", () => {
  it("stops at an abort signal with its reason, even when a worker spins", async () => {
    open();
    const controller = new AbortController();
    const first = run([1, 2, 3], { method: "spin", signal: controller.signal });
    setTimeout(() => controller.abort(new Error("Ctrl-C")), 50);
    await expect(first).rejects.toThrow("Ctrl-C");
    expect(living()).toBe(0);
    expect(await run([{ value: 4 }], { method: "square" })).toEqual([16]);
  });

  it("doesn't start when the signal is aborted already", async () => {
    open();
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(run([{ value: 1 }], { method: "square", signal })).rejects.toThrow("too late");
    expect(workers).toHaveLength(0);
  });

  it("rejects a run under way when closed, and every run afterwards", async () => {
    open();
    const first = run([1, 2], { method: "hang" });
    const rejected = expect(first).rejects.toThrow("got closed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await pool.close();
    await rejected;
    await expect(run([1], { method: "hang" })).rejects.toThrow("expected an open pool");
  });

  it("refuses a size that is none", () => {
    open();
    for (const size of [0, -1, 1.5, Number.NaN, 257, 1e9, "2"])
      expect(() => createPool({ size: size as number, spawn: () => null as never })).toThrow(
        "pool: expected a number of workers from 1 to 256",
      );
  });

  it("lets the process end after close", () => {
    const script = fileURLToPath(new URL("./fixtures/closing.mjs", import.meta.url));
    expect(execFileSync(process.execPath, [script], { encoding: "utf8", timeout: 20_000 })).toBe("49\n");
    open();
  });
});
