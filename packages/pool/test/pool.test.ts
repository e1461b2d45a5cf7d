import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { messageWith, OptionError, type OptionErrorParts } from "@neft/options";
import type { GateSlot, JobOf, Lease, Pool, PoolOptions, ResultOf, RunOptions, Setup, Spawn } from "@neft/pool";
import { createPool, nodeWorker, registerErrors } from "@neft/pool";
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
  const spawn: Spawn = (slot) => {
    const worker = new Worker(entry, { workerData: slot });
    workers.push(worker);
    return nodeWorker(worker);
  };
  pool = createPool<Api>({ size: 2, spawn, ...options });
  return pool;
}

/** Runs jobs on a separate lease. */
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

/** Number of running workers: threadId is −1 after a worker has ended. */
const running = () => workers.filter((worker) => worker.threadId !== -1).length;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pool-"));
  workers = [];
});

afterEach(async () => {
  await pool.close();
  expect(running()).toBe(0);
  rmSync(folder, { recursive: true });
});

describe("jobs", () => {
  it("return results in their own order, and call onResult with each index", async () => {
    const seen = new Map<number, number>();
    const jobs = Array.from({ length: 17 }, (_, value) => ({ value }));
    open();
    const results = await run(jobs, { method: "square", onResult: (index, result) => seen.set(index, result) });
    expect(results).toEqual(jobs.map(({ value }) => value * value));
    expect([...seen].sort(([a], [b]) => a - b)).toEqual(results.map((result, index) => [index, result]));
  });

  it("start no worker for an empty list", async () => {
    open();
    expect(await run([], { method: "square" })).toEqual([]);
    expect(workers).toHaveLength(0);
  });

  it("start at most one worker each, which stays for the next run", async () => {
    open({ size: 4 });
    await run([{ value: 1 }], { method: "square" });
    await run([{ value: 2 }], { method: "square" });
    expect(workers).toHaveLength(1);
  });

  it("are taken from the iterable only when a worker is free", async () => {
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

  it("wait for an asynchronous onResult of the job before", async () => {
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

  it("reject the run when one throws, and leave the pool usable", async () => {
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

  it("throw errors that keep their class, if both threads know it", async () => {
    open();
    registerErrors({ OptionError });
    const parts = { option: "a", expected: "b", got: "1" };
    const option = await run([parts], { method: "refuseOption" }).catch((error: unknown) => error);
    expect(option).toBeInstanceOf(OptionError);
    expect(option).toBeInstanceOf(RangeError);
    const type = await run([{ reason: "no" }], { method: "refuse" }).catch((error: unknown) => error);
    expect(type).toEqual(new TypeError("no"));
    expect((type as Error).constructor).toBe(TypeError);
    expect((type as Error).stack).toMatch(/counter\.mjs/);
  });

  it("reject the run when they can't be cloned, when onResult throws and when the iterable throws", async () => {
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

  it("releases every worker without delay, in every run, for any number of jobs", async () => {
    open({ size: 3 });
    await run(squares(3), { method: "square" });
    const start = performance.now();
    for (let turn = 0; turn < 100; turn++) {
      const jobs = squares(1 + (turn % 5));
      expect(await run(jobs, { method: "square" })).toEqual(jobs.map(({ value }) => value * value));
    }
    // A worker that isn't released wakes after 100 ms.
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("has a slot for each worker, and reuses the slot of a dead one", async () => {
    const slots: (GateSlot | undefined)[] = [];
    const spawn: Spawn = (slot) => {
      slots.push(slot);
      return nodeWorker(new Worker(entry, { workerData: slot }));
    };
    open({ size: 2, spawn });
    await run(squares(2), { method: "square" });
    expect(new Set(slots.map((slot) => slot?.index))).toEqual(new Set([0, 1]));
    await run([{ how: "exit", marker: join(folder, "died"), value: 1 }], { method: "die" });
    await run(squares(2), { method: "square" });
    expect(slots).toHaveLength(3);
    expect([0, 1]).toContain(slots[2]?.index);
  });

  it("releases a worker for every message of a setup", async () => {
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

  it("delays a worker's timers only briefly", async () => {
    open({ size: 1 });
    await run([20], { method: "countDown" });
    await expect.poll(() => run([0], { method: "countDown" }), { interval: 200, timeout: 5000 }).toEqual([true]);
  });

  it("is absent without shared memory", async () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    const slots: (GateSlot | undefined)[] = [];
    const spawn: Spawn = (slot) => {
      slots.push(slot);
      return nodeWorker(new Worker(entry));
    };
    open({ size: 2, spawn });
    vi.unstubAllGlobals();
    expect(await run(squares(5), { method: "square" })).toEqual([0, 1, 4, 9, 16]);
    expect(slots).toEqual([undefined, undefined]);
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

  it("runs on the new worker after a death", async () => {
    open({ size: 1 });
    const setup: Setup<Api> = (api) => api.load("ready");
    await run([{ how: "exit", marker: join(folder, "died"), value: 1 }], { method: "die" }, setup);
    expect(workers).toHaveLength(2);
    expect(await run([0], { method: "describe" })).toMatchObject([{ state: "ready" }]);
  });

  it("can be replaced: workers run the new one before their next job", async () => {
    open({ size: 1 });
    await pool.lend(async (lease) => {
      lease.prepare((api) => api.load("first"));
      expect(await lease.run([0], { method: "describe" })).toMatchObject([{ state: "first" }]);
      lease.prepare((api) => api.load("second"));
      expect(await lease.run([0, 1], { method: "describe" })).toMatchObject([{ state: "second" }, { state: "second" }]);
    });
    expect(workers).toHaveLength(1);
  });

  it("rejects the run when it throws", async () => {
    open();
    const setup: Setup<Api> = (api) => api.refuse({ reason: "bad state" });
    await expect(run([{ value: 1 }], { method: "square" }, setup)).rejects.toThrow("bad state");
  });

  it("runs again after another setup has failed halfway", async () => {
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

  it("keep their setup, also between their runs, while other leases wait", async () => {
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

  it("start in the order of the calls, each after the one before has resolved or rejected", async () => {
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

  it("stop waiting after an abort, which changes no order", async () => {
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

  it("reject when the pool closes", async () => {
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

  it("stop a run that isn't awaited, and can't be used after their end", async () => {
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

  it("reject a second concurrent run", async () => {
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
    it(`of one worker: its job runs again (${how})`, async () => {
      const jobs = [0, 1, 2, 3, 4].map((value) => ({ how, value, marker: join(folder, value === 2 ? "died" : ".") }));
      open();
      expect(await run(jobs, { method: "die" })).toEqual([0, 1, 2, 3, 4]);
      expect(existsSync(join(folder, "died"))).toBe(true);
    });

    it(`of two workers by the same job: the run rejects with the cause, all workers terminated (${how})`, async () => {
      open({ size: 3 });
      const jobs = [0, 1, 2, 3].map((value) => ({ how, value, ...(value === 2 ? {} : { marker: folder }) }));
      const cause = how === "exit" ? "exit with code 3" : "struck by lightning";
      const first = run(jobs, { method: "die" });
      await expect(first).rejects.toThrow(
        `pool: job 2 (die): expected a worker that survives the job, got a second death`,
      );
      await expect(first).rejects.toThrow(cause);
      await expect(first).rejects.toHaveProperty("cause");
      expect(await run([{ value: 5 }], { method: "square" })).toEqual([25]);
    });
  }

  it("of two workers by the same job terminate the other busy workers", async () => {
    open({ size: 2 });
    // The first worker completes its setup and hangs in its job; every other one dies in its setup.
    let workersSetUp = 0;
    const setup: Setup<Api> = async (api) => {
      if (workersSetUp++ > 0) await api.die({ how: "exit", value: 0 });
    };
    await expect(run([1, 2], { method: "hang" }, setup)).rejects.toThrow("second death");
    expect(running()).toBe(0);
  });

  it("of an idle worker: the pool starts another", async () => {
    open({ size: 1 });
    await run([{ value: 1 }], { method: "square" });
    await workers[0]?.terminate();
    expect(await run([{ value: 2 }], { method: "square" })).toEqual([4]);
    expect(workers).toHaveLength(2);
  });

  it("while loading or starting reject the run with the cause", async () => {
    open({ spawn: () => nodeWorker(new Worker("throw new Error('no such module')", { eval: true })) });
    await expect(run([{ value: 1 }], { method: "square" })).rejects.toThrow("no such module");
    await pool.close();
    const spawn = () => Promise.reject(new Error("out of threads"));
    open({ spawn });
    await expect(run([{ value: 1 }], { method: "square" })).rejects.toThrow("out of threads");
  });
});

describe("a pool", () => {
  it("stops a run at an abort with the signal's reason, even when a worker spins", async () => {
    open();
    const controller = new AbortController();
    const first = run([1, 2, 3], { method: "spin", signal: controller.signal });
    setTimeout(() => controller.abort(new Error("Ctrl-C")), 50);
    await expect(first).rejects.toThrow("Ctrl-C");
    expect(running()).toBe(0);
    expect(await run([{ value: 4 }], { method: "square" })).toEqual([16]);
  });

  it("doesn't start a run whose signal is already aborted", async () => {
    open();
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(run([{ value: 1 }], { method: "square", signal })).rejects.toThrow("too late");
    expect(workers).toHaveLength(0);
  });

  it("rejects the run in progress when it closes, and every later run", async () => {
    open();
    const first = run([1, 2], { method: "hang" });
    const rejected = expect(first).rejects.toThrow("got closed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await pool.close();
    await rejected;
    await expect(run([1], { method: "hang" })).rejects.toThrow("expected an open pool");
  });

  it("rejects an invalid size", () => {
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
