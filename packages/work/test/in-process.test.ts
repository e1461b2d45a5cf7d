import { createTaskServer, type Executor, eachInTurn, type Task, withExecutor } from "@neft/work";
import { beforeEach, describe, expect, it } from "vitest";

interface Setup {
  readonly name: string;
  readonly fails?: boolean;
}

/** What happened, in order. */
let events: string[];
beforeEach(() => {
  events = [];
});

const logging: Task<Setup, number, string> = {
  id: "logging",
  open: async ({ name, fails }) => {
    if (fails) throw new RangeError(`${name} fails`);
    events.push(`open ${name}`);
    return {
      do: (job) => {
        if (job < 0) throw new RangeError(`${name} can't do ${job}`);
        return `${name} ${job}`;
      },
      close: () => events.push(`close ${name}`),
    };
  },
};

const here = <T>(use: (executor: Executor) => Promise<T>): Promise<T> => withExecutor(undefined, undefined, use);
const log = (index: number, result: string): unknown => events.push(`${index}: ${result}`);

describe("an executor in this thread", () => {
  it("opens a task with the caller's objects, keeps it open for the same setup, and closes it at the end", async () => {
    const a = { name: "a" };
    const keeping: Task<Setup, number, Setup> = {
      id: "keeping",
      open: (setup) => ({ do: () => setup, close: () => events.push("close keeping") }),
    };
    await here(async (executor) => {
      expect(executor).toMatchObject({ inProcess: true, size: 1 });
      await executor.run(logging, a, [1, 2], log);
      await executor.run(logging, a, [3], log);
      await executor.run(logging, { name: "b" }, [4], log);
      await executor.run(keeping, a, [0], (_, setup) => expect(setup).toBe(a));
    });
    const ofA = ["open a", "0: a 1", "1: a 2", "0: a 3", "close a"];
    expect(events).toEqual([...ofA, "open b", "0: b 4", "close b", "close keeping"]);
  });

  it("opens nothing for no jobs", async () => {
    await here((executor) => executor.run(logging, { name: "a" }, [], log));
    expect(events).toEqual([]);
  });

  it("waits for an asynchronous onResult, and lets others run between jobs", async () => {
    await here((executor) => {
      const run = executor.run(logging, { name: "a" }, [1, 2], async (index) => {
        events.push(`begin ${index}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        events.push(`end ${index}`);
      });
      events.push("caller");
      return run;
    });
    expect(events).toEqual(["caller", "open a", "begin 0", "end 0", "begin 1", "end 1", "close a"]);
  });

  it("ends at an abort, before the next job, with the signal's reason", async () => {
    const controller = new AbortController();
    const abort = () => setTimeout(() => controller.abort(new Error("no time")));
    function* endless() {
      for (let i = 0; ; i++) yield i;
    }
    const run = here((executor) => executor.run(logging, { name: "a" }, endless(), abort, controller.signal));
    await expect(run).rejects.toThrow("no time");
    expect(events).toEqual(["open a", "close a"]);
    const late = here((executor) => executor.run(logging, { name: "a" }, [], log, controller.signal));
    await expect(late).rejects.toThrow("no time");
  });

  it("rejects with the error of a job, of a setup, of onResult and of the jobs, and stays usable", async () => {
    const full = () => {
      throw new Error("full");
    };
    function* broken() {
      yield 1;
      throw new Error("no more");
    }
    const a = { name: "a" };
    await here(async (executor) => {
      await expect(executor.run(logging, a, [-1], log)).rejects.toEqual(new RangeError("a can't do -1"));
      await expect(executor.run(logging, a, [1], full)).rejects.toThrow("full");
      await expect(executor.run(logging, a, broken(), log)).rejects.toThrow("no more");
      await expect(executor.run(logging, { name: "b", fails: true }, [1], log)).rejects.toThrow("b fails");
      await executor.run(logging, a, [2], log);
    });
    expect(events).toEqual(["open a", "0: a 1", "close a", "open a", "0: a 2", "close a"]);
  });

  it("refuses a second run while one is in progress", async () => {
    await here(async (executor) => {
      const first = executor.run(logging, { name: "a" }, [1], log);
      await expect(executor.run(logging, { name: "b" }, [1], log)).rejects.toThrow("one run at a time");
      await first;
    });
    expect(events).toEqual(["open a", "0: a 1", "close a"]);
  });
});

describe("eachInTurn", () => {
  it("takes items in order, each in a turn of its own, and ends at an abort", async () => {
    const controller = new AbortController();
    const done = eachInTurn([1, 2, 3], (item) => events.push(`${item}`), controller.signal);
    expect(events).toEqual([]);
    await done;
    expect(events).toEqual(["1", "2", "3"]);
    const aborts = eachInTurn([4, 5], () => controller.abort(new Error("no time")), controller.signal);
    await expect(aborts).rejects.toThrow("no time");
  });
});

describe("a worker's tasks", () => {
  const other: Task<Setup, number, string> = { ...logging, id: "other" };

  it("open one at a time, and refuse jobs of another setup", async () => {
    const server = createTaskServer([logging, other]);
    await server.open("1", "logging", { name: "a" });
    expect(server.do("1", 5)).toBe("a 5");
    expect(() => server.do("2", 5)).toThrow("worker: expected a job of setup 1, got one of 2");
    await server.open("2", "other", { name: "b" });
    expect(events).toEqual(["open a", "close a", "open b"]);
    expect(server.do("2", 5)).toBe("b 5");
  });

  it("leave none open after a setup that fails", async () => {
    const server = createTaskServer([logging]);
    await server.open("1", "logging", { name: "a" });
    await expect(server.open("2", "logging", { name: "b", fails: true })).rejects.toThrow("b fails");
    expect(events).toEqual(["open a", "close a"]);
    for (const key of ["1", "2"])
      expect(() => server.do(key, 5)).toThrow(`worker: expected a job of setup none, got one of ${key}`);
  });

  it("are named when an unknown one is asked for", async () => {
    const server = createTaskServer([logging, other]);
    await expect(server.open("1", "lost", {})).rejects.toThrow(
      'worker: expected a task that it serves (logging, other), got "lost"',
    );
  });

  it("have different ids", () => {
    expect(() => createTaskServer([logging, { ...other, id: "logging" }])).toThrow(
      "worker: expected tasks with different ids, got logging, logging",
    );
  });
});
