import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate, init, readDataset, readModel, strategies, take } from "neft";
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { type PreviewServer, preview } from "vite";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { strategies as listed } from "../src/strategies.js";
import { isInstalled, launch } from "./chromium.mjs";

const root = join(import.meta.dirname, "..");
const model = (name: string): string => join(root, `../models/${name}.onnx`);

it("lists the library's strategies towards labels", () => {
  const ids = [...strategies].flatMap(([id, { target }]) => (target === "labels" ? [id] : []));
  expect(listed.map(({ id }) => id)).toEqual(ids);
});

const notIsolated = { "Cross-Origin-Opener-Policy": "unsafe-none", "Cross-Origin-Embedder-Policy": "unsafe-none" };

/** Results as the page saves them. */
interface Results {
  readonly before: Measured | null;
  readonly after: Measured | null;
}
interface Measured {
  readonly complete: boolean;
  readonly digital: number;
  readonly results: readonly { readonly sigma: number; readonly mean: number; readonly chips: readonly number[] }[];
}

describe.skipIf(!isInstalled)("the page (needs Chromium, which scripts/install-browsers.sh installs)", () => {
  let folder: string;
  let server: PreviewServer;
  let browser: Browser;
  const errors: string[] = [];

  const serve = (options: { readonly port?: number; readonly headers?: Record<string, string> } = {}) =>
    preview({ root, logLevel: "error", preview: { port: 0, ...options } });
  const addressOf = (one: PreviewServer): string => one.resolvedUrls!.local[0]!;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "neft-page-"));
    [server, browser] = await Promise.all([serve(), launch(), init()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(errors.splice(0)).toEqual([]);
  });

  const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name, exact: true });
  const enabled = (page: Page, name: string | RegExp) => button(page, name).and(page.locator(":enabled"));

  /** Opens the page and waits for its sample. */
  async function open(options: BrowserContextOptions = {}, address = addressOf(server)): Promise<Page> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(address);
    await enabled(page, "Run").waitFor();
    return page;
  }

  /** Sets a short run: σ 0.15 and 0.3, five chips each. */
  async function shorten(page: Page): Promise<void> {
    await page.getByLabel("Values of σ").fill("2");
    await page.getByLabel("Chips at each").fill("5");
  }

  async function run(page: Page, name = /^(Run|Run again)$/): Promise<void> {
    await button(page, name).click();
    await enabled(page, "Run again").waitFor();
  }

  async function saved(page: Page, name: string): Promise<string> {
    const [download] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
    const path = join(folder, download.suggestedFilename());
    await download.saveAs(path);
    return path;
  }
  const results = async (page: Page): Promise<Results> =>
    JSON.parse(await readFile(await saved(page, "Download results"), "utf8"));

  const openNetwork = async (page: Page, file: string) =>
    page.getByLabel("Open or drop an ONNX file").and(page.locator("input")).setInputFiles(file);

  /** What the library gives in Node for the shortened run of a file. */
  async function expected(file: string) {
    const { model: network } = await readModel(file);
    const data = take(await readDataset("mnist:test"), 1000);
    const found = await evaluate(network, data, { device: "rram1", sigma: [0.15, 0.3], chips: 5, seed: 1 });
    return { digital: found.digital.accuracy, means: found.results.map(({ accuracy }) => accuracy.mean) };
  }
  const shown = (measured: Measured) => ({
    digital: measured.digital,
    means: measured.results.map(({ mean }) => mean),
  });

  it("runs the sample with the library's numbers, finetunes until stopped, and reopens its own download", async () => {
    const page = await open();
    await shorten(page);
    await run(page);
    const first = await results(page);
    expect(shown(first.before!)).toEqual(await expected(model("mnist-lenet5")));
    expect(first.after).toBeNull();

    await page.getByLabel("Epochs").fill("20");
    await button(page, "Finetune").click();
    await page.getByText(/Training: [3-9]\d of 620 steps/).waitFor();
    await button(page, "Stop, keep the best").click();
    await enabled(page, "Finetune anew").waitFor();
    const { before, after } = await results(page);
    expect(before).toEqual(first.before);
    expect(after!.complete).toBe(true);
    expect(after!.results[1]!.mean).toBeGreaterThan(before!.results[1]!.mean + 10);

    const file = await saved(page, "Download ONNX");
    expect(shown(after!)).toEqual(await expected(file));
    await openNetwork(page, file);
    await enabled(page, "Run").waitFor();
    await run(page);
    expect((await results(page)).before).toEqual(after);
  });

  it("keeps the chips read so far when it is stopped, and goes on", async () => {
    const page = await open();
    await page.getByLabel("Chips at each").fill("100");
    await button(page, "Run").click();
    await page.getByText(/Reading chips: \d{2,} of 601/).waitFor();
    await button(page, "Stop").click();
    await enabled(page, "Run again").waitFor();
    const { before } = await results(page);
    expect(before!.complete).toBe(false);
    const read = before!.results.reduce((sum, { chips }) => sum + chips.length, 0);
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(600);
    await shorten(page);
    await run(page);
    expect((await results(page)).before!.complete).toBe(true);
  });

  it("names what is wrong with files, and keeps what was open", async () => {
    const page = await open();
    const problem = page.getByRole("alert").filter({ hasText: /\w/ });
    await openNetwork(page, await fileOf("broken.onnx", Buffer.from("no network")));
    await expect.poll(() => problem.textContent()).toMatch(/broken\.onnx can't be used.*importOnnx: expected/s);

    const bytes = await readFile(model("mnist-lenet5"), "latin1");
    await openNetwork(page, await fileOf("unknown.onnx", Buffer.from(bytes.replaceAll("Relu", "Rolu"), "latin1")));
    await expect.poll(() => problem.textContent()).toMatch(/unknown\.onnx can't be used.*Rolu/s);
    await button(page, "Dismiss this message").click();
    expect(await problem.count()).toBe(0);

    await page.getByText("Samples", { exact: true }).click();
    const samples = page.getByLabel("Open test samples").and(page.locator("input"));
    await samples.setInputFiles(await fileOf("half.bin", Buffer.alloc(1000)));
    await expect
      .poll(() => problem.textContent())
      .toMatch(/half\.bin can't be read as a dataset.*expected a multiple of 3073/s);

    await samples.setInputFiles(await fileOf("colours.bin", Buffer.alloc(10 * 3073)));
    await page.getByText("10 × [3, 32, 32], 10 classes").waitFor();
    await button(page, "Run").click();
    await expect.poll(() => problem.filter({ hasText: "The run ended early" }).textContent()).toMatch(/expected/);
  });

  it("takes samples that are dropped on the page", async () => {
    const page = await open();
    await page
      .getByLabel("Network", { exact: true })
      .selectOption({ label: "ResNet-8, clothes (bring Fashion-MNIST)" });
    await page.getByText("Open test samples that fit this network.").waitFor();
    expect(await button(page, "Run").isDisabled()).toBe(true);
    const names = ["images-idx3", "labels-idx1"].map((kind) => `mnist-test-${kind}-ubyte.gz`);
    const dataTransfer = await page.evaluateHandle(async (files) => {
      const dropped = new DataTransfer();
      for (const name of files) {
        dropped.items.add(new File([await (await fetch(`./samples/${name}`)).blob()], name));
      }
      return dropped;
    }, names);
    await page.dispatchEvent("main", "drop", { dataTransfer });
    await page.getByText("1,000 × [1, 28, 28], 10 classes").waitFor();
    await enabled(page, "Run").waitFor();
  });

  it("goes on with a new session when its worker has died", async () => {
    const page = await open();
    await shorten(page);
    await run(page);
    const whole = (await results(page)).before;
    await page.getByLabel("Chips at each").fill("100");
    await button(page, "Run again").click();
    await page.getByText(/Reading chips: \d+ of/).waitFor();
    const engine = page.workers().find((worker) => worker.url().includes("engine"))!;
    await engine.evaluate(() => self.close());
    await page.getByText("The run ended early.").waitFor();
    await shorten(page);
    await run(page);
    expect((await results(page)).before).toEqual(whole);
    expect(await page.getByText("The run ended early.").count()).toBe(0);
  });

  it("runs offline after the first load, and without isolation, with the same numbers", async () => {
    const own = await serve({ headers: notIsolated });
    const page = await open({}, addressOf(own));
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    await own.close();
    await page.reload();
    await enabled(page, "Run").waitFor();
    await shorten(page);
    await run(page);
    expect(shown((await results(page)).before!)).toEqual(await expected(model("mnist-lenet5")));
  });

  it("is isolated where the server says so", async () => {
    expect(await (await open()).evaluate(() => crossOriginIsolated)).toBe(true);
  });

  it("measures the network's layers", async () => {
    const page = await open();
    await button(page, "Benchmark").click();
    await page.getByText(/chips a second with 1,000 samples, [\d.]+ training steps a second/).waitFor();
    expect(await page.locator(".bars li").count()).toBeGreaterThan(5);
  });

  it("shows how twenty chips read a drawing", async () => {
    const page = await open();
    await page.getByLabel("σ of these chips").fill("0.05");
    const pad = page.locator(".pad canvas");
    await pad.scrollIntoViewIfNeeded();
    const { x, y, width, height } = (await pad.boundingBox())!;
    await page.mouse.move(x + 0.5 * width, y + 0.2 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.5 * width, y + 0.8 * height, { steps: 8 });
    await page.mouse.up();
    await page.getByText("20 of 20 chips say 1").waitFor();
  });

  it("can be used with the keyboard alone", async () => {
    const page = await open();
    /** Presses Tab until an element with this name has the focus, which must be visible. */
    const tabTo = async (name: RegExp) => {
      for (let presses = 0; presses < 60; presses++) {
        await page.keyboard.press("Tab");
        const [words, outline] = await page.evaluate(() => {
          const { activeElement: at } = document;
          const label = at?.getAttribute("aria-label") ?? (at as HTMLInputElement).labels?.[0]?.textContent ?? "";
          return [label || at?.textContent, at instanceof SVGElement ? "own" : getComputedStyle(at!).outlineStyle];
        });
        if (!name.test(words ?? "")) continue;
        expect(outline).not.toBe("none");
        return;
      }
      throw new Error(`expected ${name} among what Tab reaches`);
    };
    await tabTo(/^Values of σ$/);
    await page.keyboard.press("Home");
    await tabTo(/^Chips at each$/);
    await page.keyboard.press("Home");
    await tabTo(/^Run$/);
    await page.keyboard.press("Enter");
    await enabled(page, "Run again").waitFor();

    await tabTo(/Conv, on a crossbar/);
    await page.keyboard.press("ArrowRight");
    await page.getByText("digitally: exact").waitFor();
    await tabTo(/^Test image 3/);
    await page.keyboard.press("Enter");
    await page.getByText(/chips say 1/).waitFor();
    await tabTo(/^Download results$/);
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    const { before }: Results = JSON.parse(await readFile(await download.path(), "utf8"));
    expect(before!.results.map(({ sigma, chips }) => [sigma, chips.length])).toEqual([[0.3, 5]]);
  });

  it("fits a phone, follows the system's theme and remembers the user's", async () => {
    const page = await open({ viewport: { width: 360, height: 740 }, colorScheme: "dark" });
    await shorten(page);
    await run(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    const brightness = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]));
    expect(await brightness()).toBeLessThan(60);
    await button(page, "Dark theme").click();
    expect(await brightness()).toBeGreaterThan(200);
    await page.reload();
    expect(await brightness()).toBeGreaterThan(200);
  });

  async function fileOf(name: string, bytes: Buffer): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  }
});
