import { existsSync, readFileSync } from "node:fs";
import { evaluate, exportOnnx, finetune, importOnnx, init, makeDataset, predict, type Session, vgg8 } from "neft";
import { type Browser, chromium, firefox, type Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Site, serve } from "./serve.js";

/** Sessions on a page, in the installed browsers. What runs in a page is a function of its own, without this file's names. */

const executables = { chromium: "/usr/bin/chromium", firefox: "/usr/bin/firefox-esr" };
const launch = {
  // Chromium refuses to run as root inside its sandbox.
  chromium: () => chromium.launch({ executablePath: executables.chromium, args: ["--no-sandbox"] }),
  firefox: () => firefox.launch({ executablePath: executables.firefox, channel: "moz-firefox" }),
};

const file = new Uint8Array(readFileSync(new URL("../../../../examples/models/mnist-lenet5.onnx", import.meta.url)));
const chips = { sigma: [0.1, 0.2], chips: 6, seed: 5 };
/** An evaluation that takes longer than a job worker that closes itself. */
const many = { ...chips, chips: 150 };
const training = { strategy: "ovf", epochs: 1, batch: 32, shards: 2, validation: { images: 40, chips: 2 } };

/** The samples that `inPage` makes too. */
function samples(count: number) {
  const values = Uint8Array.from({ length: count * 784 }, (_, i) => ((i * 7919) ^ (i >> 7)) & 255);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  return makeDataset("browser", { name: "made", values, labels, shape: [1, 28, 28], classes: 10 });
}

/** What functions in the page use. */
interface InPage {
  /** As the page's script has it. */
  createSession(options: { readonly workers: number }): Promise<Session>;
  session: Session;
  file: Uint8Array;
  samples(count: number): Parameters<Session["addDataset"]>[0];
  /** Milliseconds until the promise rejects, and the error's words. */
  rejection(promise: Promise<unknown>): Promise<{ milliseconds: number; name: string; message: string }>;
}
declare const neft: InPage;

/** Opens a page with a session of two job workers as `neft.session`. */
async function open(browser: Browser, site: Site): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.evaluate(async () => {
    const bytes = new Uint8Array(await (await fetch("/data/lenet5.onnx")).arrayBuffer());
    const { createSession } = neft;
    const own: InPage = {
      createSession,
      session: await createSession({ workers: 2 }),
      file: bytes,
      samples: (count) => ({
        name: "made",
        values: Uint8Array.from({ length: count * 784 }, (_, i) => ((i * 7919) ^ (i >> 7)) & 255),
        labels: Int32Array.from({ length: count }, (_, i) => i % 10),
        count,
        shape: [1, 28, 28],
        layout: "NCHW",
        classes: 10,
        bytes: true,
      }),
      rejection: async (promise) => {
        const start = performance.now();
        const error = await promise.then(
          () => new Error("expected a rejection, got a result"),
          (reason: Error) => reason,
        );
        return { milliseconds: performance.now() - start, name: error.name, message: error.message };
      },
    };
    Object.assign(globalThis, { neft: own });
  });
  return page;
}

let expected: { evaluation: unknown; longer: unknown; scores: number[]; finetuning: unknown; file: number[] };
beforeAll(async () => {
  await init();
  const [model, data] = [importOnnx(file), samples(200)];
  const [evaluation, longer] = [await evaluate(model, data, chips), await evaluate(model, data, many)];
  const scores = [...predict(model, data, { sigma: 0.2, index: 1 }).scores];
  const finetuning = await finetune(model, data, training);
  expected = { evaluation, longer, scores, finetuning, file: [...exportOnnx(model)] };
});

describe("a page that imports createSession alone", () => {
  it("loads at most 6.4 kB of scripts, gzipped", async () => {
    const site = await serve(false);
    await site.close();
    expect(site.pageBytes).toBeLessThanOrEqual(6400);
  });
});

describe.each(["chromium", "firefox"] as const)("a session in %s", (name) => {
  describe.skipIf(!existsSync(executables[name])).each([
    ["with shared memory", true],
    ["without shared memory", false],
  ] as const)("%s", (_, isolated) => {
    let site: Site;
    let browser: Browser;
    beforeAll(async () => {
      site = await serve(isolated);
      site.data.set("lenet5.onnx", file);
      browser = await launch[name]();
    });
    afterAll(async () => {
      await browser?.close();
      await site?.close();
    });

    it("gives the numbers and files of Node", async () => {
      const page = await open(browser, site);
      const found = await page.evaluate(
        async ([evaluating, finetuning]) => {
          const { session } = neft;
          const [network, data] = [await session.importOnnx(neft.file), await session.addDataset(neft.samples(200))];
          let events = 0;
          const onProgress = () => {
            events++;
          };
          const evaluation = await session.evaluate(network, data, { ...evaluating, onProgress });
          const predictions = await session.predict(network, data, { sigma: 0.2, chips: 2 });
          const result = await session.finetune(network, data, finetuning);
          const bytes = [...(await session.exportOnnx(network))];
          const { sharedMemory } = session.info;
          return {
            sharedMemory,
            events,
            evaluation,
            scores: [...predictions[1]!.scores],
            finetuning: result,
            file: bytes,
          };
        },
        [chips, training] as const,
      );
      const { sharedMemory, events, ...same } = found;
      expect(sharedMemory).toBe(isolated);
      expect(events).toBeGreaterThan(1);
      const { longer: _longer, ...other } = expected;
      expect(same).toEqual(JSON.parse(JSON.stringify(other)));
      await page.close();
    });

    it("keeps the classes of errors, and ends calls by their signals", async () => {
      const page = await open(browser, site);
      const found = await page.evaluate(async () => {
        const { session, rejection } = neft;
        const [network, data] = [await session.importOnnx(neft.file), await session.addDataset(neft.samples(200))];
        const refused = await session.evaluate(network, data, { sigma: -1 }).catch((error: unknown) => error);
        const onnx = await rejection(session.importOnnx(new Uint8Array(9)));
        const stop = new AbortController();
        const call = session.evaluate(network, data, { sigma: 0.1, chips: 100_000, signal: stop.signal });
        await new Promise((resolve) => setTimeout(resolve, 300));
        stop.abort();
        const aborted = await rejection(call);
        const { shape } = await session.predict(network, data);
        return {
          isRange: refused instanceof RangeError,
          option: (refused as { option: string }).option,
          onnx,
          aborted,
          shape,
        };
      });
      expect(found).toMatchObject({ isRange: true, option: "sigma", shape: [200, 10] });
      expect(found.onnx).toMatchObject({ name: "OnnxError", message: expect.stringMatching(/expected an ONNX model/) });
      expect(found.aborted.name).toBe("AbortError");
      expect(found.aborted.milliseconds).toBeLessThan(1000);
      await page.close();
    });

    it("survives the silent end of a job worker", async () => {
      site.closeNextJob();
      const page = await open(browser, site);
      const evaluation = await page.evaluate(async (evaluating) => {
        const { session } = neft;
        const [network, data] = [await session.importOnnx(neft.file), await session.addDataset(neft.samples(200))];
        return session.evaluate(network, data, evaluating);
      }, many);
      expect(site.isJobClosed()).toBe(true);
      expect(evaluation).toEqual(JSON.parse(JSON.stringify(expected.longer)));
      await page.close();
    });

    it("ends calls when the engine ends silently", async () => {
      site.closeNextJob();
      const page = await open(browser, site);
      const { message, milliseconds } = await page.evaluate(async () => {
        const { session } = neft;
        const [network, data] = [await session.importOnnx(neft.file), await session.addDataset(neft.samples(200))];
        const call = neft.rejection(session.evaluate(network, data, { sigma: 0.1, chips: 100_000 }));
        // Until workers are busy.
        await new Promise((resolve) => setTimeout(resolve, 500));
        const start = performance.now();
        new BroadcastChannel("test").postMessage("end");
        return { ...(await call), milliseconds: performance.now() - start };
      });
      expect(message).toMatch(/evaluate: expected the session's engine to run, got its end: .*ended by itself/);
      expect(milliseconds).toBeLessThan(1000);
      await page.close();
    });

    // In Firefox, a worker that starts another one stops for ever once in some twenty times: see the README.
    it("runs in an app's own worker", { retry: name === "firefox" ? 3 : 0, timeout: 30_000 }, async () => {
      const page = await open(browser, site);
      const found = await page.evaluate(async (settings) => {
        const worker = new Worker("/app/own.js", { type: "module" });
        worker.postMessage({ file: neft.file, dataset: neft.samples(200), settings });
        return new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
        });
      }, chips);
      expect(found).toEqual(JSON.parse(JSON.stringify(expected.evaluation)));
      await page.close();
    });

    // Other browsers don't report the processor time of a page's tasks.
    it.skipIf(name !== "chromium")("keeps every task of the page short", async () => {
      const large = vgg8({ seed: 1 });
      site.data.set("vgg8.onnx", exportOnnx(large));
      large.dispose();
      const page = await open(browser, site);
      await page.evaluate(async () => {
        const large = new Uint8Array(await (await fetch("/data/vgg8.onnx")).arrayBuffer());
        Object.assign(neft, { large, some: neft.samples(5000), many: neft.samples(60_000) });
      });
      await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline"] });
      await page.evaluate(async () => {
        const { session, some, many, large } = neft as unknown as InPage &
          Record<"some" | "many", never> & { large: Uint8Array };
        const [network, data] = [await session.importOnnx(neft.file), await session.addDataset(some)];
        await session.evaluate(network, data, { sigma: 0.1, chips: 2 });
        await session.addDataset(many);
        await session.exportOnnx(await session.importOnnx(large));
      });
      const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
      const tasks = mainThreadTasks(trace.traceEvents);
      // 47 MB and 38 MB in pieces of 4 MB.
      expect(tasks.length).toBeGreaterThan(20);
      expect(Math.max(...tasks)).toBeLessThan(100);
      await page.close();
    });

    // Chromium alone reports the heap after a collection.
    it.skipIf(name !== "chromium")("leaves no memory of calls behind on the page", async () => {
      const page = await open(browser, site);
      const devtools = await page.context().newCDPSession(page);
      const bytesInUse = async (): Promise<number> => {
        await devtools.send("HeapProfiler.collectGarbage");
        const { usedSize } = await devtools.send("Runtime.getHeapUsage");
        return usedSize;
      };
      const evaluateTimes = (times: number) =>
        page.evaluate(async (count) => {
          const { session } = neft;
          const [network, data] = [await session.importOnnx(neft.file), await session.addDataset(neft.samples(200))];
          for (let i = 0; i < count; i++) await session.evaluate(network, data, { sigma: 0.1, chips: 2 });
          await Promise.all([network.dispose(), data.dispose()]);
        }, times);
      await evaluateTimes(2);
      const second = await bytesInUse();
      await evaluateTimes(18);
      expect((await bytesInUse()) - second).toBeLessThan(1e6);
      await page.close();
    });
  });
});

/** An event of Chromium's trace; times in microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  /** Processor time, which doesn't grow when other processes load the machine. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Processor time of the tasks of the pages' main threads, in milliseconds. */
function mainThreadTasks(events: readonly TraceEvent[]): number[] {
  const isMain = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events.flatMap(({ name, pid, tid, tdur }) =>
    name.endsWith("RunTask") && tdur !== undefined && isMain.has(`${pid} ${tid}`) ? [tdur / 1000] : [],
  );
}
