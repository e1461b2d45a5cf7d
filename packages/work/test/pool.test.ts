import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { messageWith, OptionError } from "@neft/options";
import type { Executor, GateSlot, Pool, PoolOptions, Spawn } from "@neft/work";
import { createPool, nodeWorker, registerErrors } from "@neft/work";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CounterJob, type CounterSetup, counterTask } from "./fixtures/tasks.mjs";

const entry = new URL("./fixtures/worker.mjs", import.meta.url);
let folder: string;
let workers: Worker[];
let pool: Pool;

function open(options: Partial<PoolOptions> = {}): Pool {
  const spawn: Spawn = (slot) => {
    const worker = new Worker(entry, { workerData: slot });
    workers.push(worker);
    return nodeWorker(worker);
  };
  pool = createPool({ size: 2, spawn, ...options });
  return pool;
}

interface RunOptions {
  readonly onResult?: (index: number, result: unknown) => unknown;
  readonly signal?: AbortSignal;
}

/** Runs jobs on a lease; returns the results in the order of the jobs. */
async function runOn(
  lease: Executor,
  jobs: Iterable<CounterJob>,
  setup: CounterSetup = {},
  { onResult, signal }: RunOptions = {},
): Promise<unknown[]> {
  const results: unknown[] = [];
  const take = (index: number, result: unknown): unknown => {
    results[index] = result;
    return onResult?.(index, result);
  };
  await lease.run(counterTask, setup, jobs, take, signal);
  return results;
}

/** Runs jobs on a lease of their own. */
const run = (jobs: Iterable<CounterJob>, setup?: CounterSetup, options?: RunOptions): Promise<unknown[]> =>
  pool.lend((lease) => runOn(lease, jobs, setup, options));

const square = (value: number): CounterJob => ({ kind: "square", value });
const describing: CounterJob = { kind: "describe" };
const hanging: CounterJob = { kind: "hang" };

/** What workers say of themselves. */
interface Description {
  readonly threadId: number;
  readonly state: string;
  readonly opened: number;
}

/** Number of running workers: threadId is −1 after a worker has ended. */
const running = () => workers.filter((worker) => worker.threadId !== -1).length;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "work-"));
  workers = [];
});

afterEach(async () => {
  await pool.close();
  expect(running()).toBe(0);
  rmSync(folder, { recursive: true });
});

describe("jobs", () => {
  it("return results in their own order, and call onResult with each index", async () => {
    const seen = new Map<number, unknown>();
    const values = Array.from({ length: 17 }, (_, value) => value);
    open();
    const results = await run(values.map(square), {}, { onResult: (index, result) => seen.set(index, result) });
    expect(results).toEqual(values.map((value) => value * value));
    expect([...seen].sort(([a], [b]) => a - b)).toEqual(results.map((result, index) => [index, result]));
  });

  it("start no worker for an empty list", async () => {
    open();
    expect(await run([])).toEqual([]);
    expect(workers).toHaveLength(0);
  });

  it("start at most one worker each, which stays for the next run", async () => {
    open({ size: 4 });
    await run([square(1)]);
    await run([square(2)]);
    expect(workers).toHaveLength(1);
  });

  it("are taken from the iterable only when a worker is free", async () => {
    let taken = 0;
    let done = 0;
    function* jobs() {
      for (let value = 0; value < 20; value++) {
        taken++;
        expect(taken - done).toBeLessThanOrEqual(2);
        yield square(value);
      }
    }
    open();
    await run(jobs(), {}, { onResult: () => done++ });
    expect(done).toBe(20);
  });

  it("wait for an asynchronous onResult of the job before", async () => {
    let pending = 0;
    open({ size: 1 });
    const onResult = async () => {
      expect(++pending).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      pending--;
    };
    await run([1, 2, 3].map(square), {}, { onResult });
  });

  it("reject the run when one throws, and leave the pool usable", async () => {
    open();
    await expect(run([{ kind: "refuse", reason: "no" }])).rejects.toThrow("no");
    expect(await run([square(3)])).toEqual([9]);
    expect(workers).toHaveLength(1);
  });

  it("hands on the fields of a job's error that are text, so that an option's name survives", async () => {
    open();
    const parts = { option: "a", expected: "more than {b}", got: "1", mentions: ["b"] };
    const error = await run([{ kind: "refuseOption", parts }]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ ...parts, message: "a: expected more than b, got 1" });
    expect(messageWith(error, (option) => `--${option}`)).toBe("--a: expected more than --b, got 1");
    expect(error).not.toHaveProperty("where");
  });

  it("throw errors that keep their class, if both threads know it", async () => {
    open();
    registerErrors({ OptionError });
    const parts = { option: "a", expected: "b", got: "1" };
    const option = await run([{ kind: "refuseOption", parts }]).catch((error: unknown) => error);
    expect(option).toBeInstanceOf(OptionError);
    expect(option).toBeInstanceOf(RangeError);
    const type = await run([{ kind: "refuse", reason: "no" }]).catch((error: unknown) => error);
    expect(type).toEqual(new TypeError("no"));
    expect((type as Error).constructor).toBe(TypeError);
    expect((type as Error).stack).toMatch(/tasks\.mjs/);
  });

  it("reject the run when they can't be cloned, when onResult throws and when the iterable throws", async () => {
    open();
    const unsendable = square((() => 1) as unknown as number);
    await expect(run([unsendable])).rejects.toThrow(/could not be cloned/);
    const onResult = () => {
      throw new Error("full");
    };
    await expect(run([square(1)], {}, { onResult })).rejects.toThrow("full");
    function* broken() {
      yield square(1);
      throw new Error("no more");
    }
    await expect(run(broken())).rejects.toThrow("no more");
  });
});

describe("the gate", () => {
  const squares = (count: number) => Array.from({ length: count }, (_, value) => square(value));

  it("releases every worker without delay, in every run, for any number of jobs", async () => {
    open({ size: 3 });
    await run(squares(3));
    const start = performance.now();
    for (let turn = 0; turn < 100; turn++) {
      const count = 1 + (turn % 5);
      expect(await run(squares(count))).toEqual([0, 1, 4, 9, 16].slice(0, count));
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
    await run(squares(2));
    expect(new Set(slots.map((slot) => slot?.index))).toEqual(new Set([0, 1]));
    await run([{ kind: "die", how: "exit", marker: join(folder, "died"), value: 1 }]);
    await run(squares(2));
    expect(slots).toHaveLength(3);
    expect([0, 1]).toContain(slots[2]?.index);
  });

  it("releases a worker for every setup", async () => {
    const start = performance.now();
    open({ size: 1 });
    for (let turn = 0; turn < 20; turn++) {
      expect(await run([describing], { state: `${turn}` })).toMatchObject([{ state: `${turn}`, opened: turn + 1 }]);
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it("delays a worker's timers only briefly", async () => {
    open({ size: 1 });
    await run([{ kind: "countDown", milliseconds: 20 }]);
    await expect
      .poll(() => run([{ kind: "countDown", milliseconds: 0 }]), { interval: 200, timeout: 5000 })
      .toEqual([true]);
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
    expect(await run(squares(5))).toEqual([0, 1, 4, 9, 16]);
    expect(slots).toEqual([undefined, undefined]);
  });
});

describe("a setup", () => {
  it("opens the task once on every worker, before its first job", async () => {
    open();
    const states = (await run(Array(6).fill(describing), { state: "ready" })) as Description[];
    expect(states).toEqual(Array(6).fill(expect.objectContaining({ state: "ready", opened: 1 })));
    expect(new Set(states.map(({ threadId }) => threadId)).size).toBe(workers.length);
  });

  it("stays open for later runs with it", async () => {
    open({ size: 1 });
    const setup = { state: "ready" };
    for (let turn = 0; turn < 3; turn++)
      expect(await run([describing], setup)).toMatchObject([{ state: "ready", opened: 1, jobsDone: turn }]);
  });

  it("opens the task on the new worker after a death", async () => {
    open({ size: 1 });
    const setup = { state: "ready" };
    await run([{ kind: "die", how: "exit", marker: join(folder, "died"), value: 1 }], setup);
    expect(workers).toHaveLength(2);
    expect(await run([describing], setup)).toMatchObject([{ state: "ready", opened: 1 }]);
  });

  it("is replaced by that of the next run", async () => {
    open({ size: 1 });
    await pool.lend(async (lease) => {
      expect(await runOn(lease, [describing], { state: "first" })).toMatchObject([{ state: "first" }]);
      const second = [{ state: "second" }, { state: "second" }];
      expect(await runOn(lease, [describing, describing], { state: "second" })).toMatchObject(second);
    });
    expect(workers).toHaveLength(1);
  });

  it("rejects the run when it throws, and leaves the pool usable", async () => {
    open({ size: 1 });
    const good = { state: "good" };
    await pool.lend(async (lease) => {
      await runOn(lease, [describing], good);
      await expect(runOn(lease, [square(1)], { fails: "bad state" })).rejects.toEqual(new TypeError("bad state"));
      expect(await runOn(lease, [describing], good)).toMatchObject([{ state: "good", opened: 3 }]);
    });
    expect(workers).toHaveLength(1);
  });

  it("rejects the run when it kills two workers", async () => {
    open({ size: 1 });
    await expect(run([square(1)], { exits: true })).rejects.toThrow("second death");
    expect(workers).toHaveLength(2);
  });

  it("rejects the run when it can't be cloned", async () => {
    open();
    const unsendable = { state: (() => 1) as unknown as string };
    await expect(run([square(1)], unsendable)).rejects.toThrow(/could not be cloned/);
    expect(await run([square(3)])).toEqual([9]);
  });
});

describe("a task that a worker doesn't serve", () => {
  it("is an error that names those it does", async () => {
    open();
    const other = { ...counterTask, id: "other" };
    const stray = pool.lend((lease) => lease.run(other, {}, [square(1)], () => {}));
    await expect(stray).rejects.toThrow('worker: expected a task that it serves (counter, sum), got "other"');
    expect(await run([square(3)])).toEqual([9]);
  });
});

describe("leases", () => {
  const ten = Array<CounterJob>(10).fill(describing);
  const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  it("keep their setup, also between their runs, while other leases wait", async () => {
    open({ size: 2 });
    const states = (name: string, runs: number) =>
      pool.lend(async (lease) => {
        const setup = { state: name };
        const seen: string[] = [];
        for (let turn = 0; turn < runs; turn++) {
          const results = (await runOn(lease, ten, setup)) as Description[];
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
    const held = run([hanging]);
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
    let kept: Executor | undefined;
    let run: Promise<unknown> | undefined;
    await pool.lend(async (lease) => {
      kept = lease;
      run = runOn(lease, [hanging]);
      run.catch(() => {});
      await pause(20);
    });
    await expect(run).rejects.toThrow("expected the run to end before its lease");
    await expect(runOn(kept!, [square(1)])).rejects.toThrow("got one that has ended");
    expect(await pool.lend((lease) => runOn(lease, [square(3)]))).toEqual([9]);
  });

  it("reject a second concurrent run", async () => {
    open();
    await pool.lend(async (lease) => {
      const first = runOn(lease, [square(1)]);
      await expect(runOn(lease, [square(1)])).rejects.toThrow("one run at a time");
      await first;
    });
  });
});

describe("deaths", () => {
  for (const how of ["exit", "error"] as const) {
    it(`of one worker: its job runs again (${how})`, async () => {
      const marker = (value: number) => join(folder, value === 2 ? "died" : ".");
      const jobs = [0, 1, 2, 3, 4].map((value): CounterJob => ({ kind: "die", how, value, marker: marker(value) }));
      open();
      expect(await run(jobs)).toEqual([0, 1, 2, 3, 4]);
      expect(existsSync(join(folder, "died"))).toBe(true);
    });

    it(`of two workers by the same job: the run rejects with the cause, all workers terminated (${how})`, async () => {
      open({ size: 3 });
      const jobs = [0, 1, 2, 3].map(
        (value): CounterJob => ({ kind: "die", how, value, ...(value === 2 ? {} : { marker: folder }) }),
      );
      const cause = how === "exit" ? "exit with code 3" : "struck by lightning";
      const first = run(jobs);
      await expect(first).rejects.toThrow(
        "pool: job 2 (counter): expected a worker that survives the job, got a second death",
      );
      await expect(first).rejects.toThrow(cause);
      await expect(first).rejects.toHaveProperty("cause");
      expect(await run([square(5)])).toEqual([25]);
    });
  }

  it("of two workers by the same job terminate the other busy workers", async () => {
    open({ size: 2 });
    await expect(run([hanging, { kind: "die", how: "exit", value: 0 }])).rejects.toThrow("second death");
    expect(running()).toBe(0);
  });

  it("of a worker that is killed amid a job: the job runs again, with the same setup", async () => {
    open({ size: 1 });
    const marker = join(folder, "started");
    const first = run([{ kind: "hang", marker }], { state: "ready" });
    await expect.poll(() => existsSync(marker), { timeout: 60_000 }).toBe(true);
    await workers[0]?.terminate();
    expect(await first).toEqual(["ready"]);
    expect(workers).toHaveLength(2);
  });

  it("of an idle worker: the pool starts another", async () => {
    open({ size: 1 });
    await run([square(1)]);
    await workers[0]?.terminate();
    expect(await run([square(2)])).toEqual([4]);
    expect(workers).toHaveLength(2);
  });

  it("while loading or starting reject the run with the cause", async () => {
    open({ spawn: () => nodeWorker(new Worker("throw new Error('no such module')", { eval: true })) });
    await expect(run([square(1)])).rejects.toThrow("no such module");
    await pool.close();
    const spawn = () => Promise.reject(new Error("out of threads"));
    open({ spawn });
    await expect(run([square(1)])).rejects.toThrow("out of threads");
  });
});

describe("a pool", () => {
  it("stops a run at an abort with the signal's reason, even when a worker spins", async () => {
    open();
    const controller = new AbortController();
    const first = run(Array(3).fill({ kind: "spin" }), {}, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("Ctrl-C")), 50);
    await expect(first).rejects.toThrow("Ctrl-C");
    expect(running()).toBe(0);
    expect(await run([square(4)])).toEqual([16]);
  });

  it("doesn't start a run whose signal is already aborted", async () => {
    open();
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(run([square(1)], {}, { signal })).rejects.toThrow("too late");
    expect(workers).toHaveLength(0);
  });

  it("rejects the run in progress when it closes, and every later run", async () => {
    open();
    const first = run([hanging, hanging]);
    const rejected = expect(first).rejects.toThrow("got closed");
    await new Promise((resolve) => setTimeout(resolve, 50));
    await pool.close();
    await rejected;
    await expect(run([hanging])).rejects.toThrow("expected an open pool");
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
