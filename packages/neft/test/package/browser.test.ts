import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type WayName, ways, writeApp } from "./apps.js";
import { type BrowserName, browserNames, closeBrowsers, type Outcome, visit } from "./browsers.mjs";
import { runWell } from "./programs.js";
import { isolation } from "./server.mjs";
import { allowedGrowth, compressed, recorded, type Sizes } from "./sizes.js";

const shared = inject("shared");

/** Cases of every run: each way once, and one way in all browsers, isolated and not. */
const few: readonly (readonly [WayName, BrowserName, isIsolated: boolean])[] = [
  ["vite build", "chromium", true],
  ["vite build", "chromium", false],
  ["vite build", "firefox", true],
  ["vite build", "firefox", false],
  ["vite build, relative base", "chromium", false],
  ["vite build, base of a folder", "firefox", false],
  ["vite dev", "chromium", false],
  ["webpack build", "firefox", true],
  ["import map", "chromium", true],
  ["import map, other origin", "firefox", true],
  ["esbuild, inline", "chromium", true],
  ["esbuild, inline", "firefox", false],
];

/** Every way in every browser, isolated and not. */
const all = (Object.keys(ways) as WayName[]).flatMap((way) =>
  browserNames.flatMap((browser) =>
    // Vite's server can't isolate without a configuration.
    (way === "vite dev" ? [false] : [true, false]).map((isIsolated) => [way, browser, isIsolated] as const),
  ),
);

const cases = process.env.NEFT_PACKAGE_TESTS === "all" ? all : few;

/** What a page requests besides its HTML, unbundled sources and data: one engine and one build of the kernels; and its row in sizes.ts. */
interface Requests {
  readonly files: readonly RegExp[];
  readonly size: keyof typeof recorded;
}

const ofVite: Requests = {
  files: [/\/index-[^/]+\.js$/, /\/engine-[^/]+\.js$/, /\/simd128-[^/]+\.wasm$/],
  size: "vite build",
};
const ofMap: Requests = { files: [/\/browser\.js$/, /\/engine\.js$/, /\/simd128\.wasm$/], size: "import map" };

const requests: Readonly<Record<WayName, Requests | undefined>> = {
  "vite build": ofVite,
  "vite build, relative base": ofVite,
  "vite build, base of a folder": ofVite,
  // Its server isn't ours.
  "vite dev": undefined,
  "webpack build": { files: [/\/main\.js$/, /\/\d+\.js$/, /\/[0-9a-f]+\.wasm$/], size: "webpack build" },
  "import map": ofMap,
  "import map, other origin": ofMap,
  "esbuild, inline": { files: [/\/main\.js$/], size: "esbuild, inline" },
};

const isOfApp = (path: string): boolean => /\.html$|\/data\/|\/src\//.test(path);

const expectWithin = (sizes: Sizes, name: keyof typeof recorded): void => {
  const limit = (kind: keyof Sizes) => Math.floor(recorded[name][kind] * (1 + allowedGrowth));
  console.log(`${name}: ${sizes.gzip} bytes with gzip, ${sizes.brotli} with brotli`);
  expect.soft(sizes.gzip, `${name}, gzip`).toBeLessThanOrEqual(limit("gzip"));
  expect.soft(sizes.brotli, `${name}, brotli`).toBeLessThanOrEqual(limit("brotli"));
};

let node: Outcome;

beforeAll(async () => {
  const { stdout } = await runWell(process.execPath, ["node.js", shared.data], writeApp(shared));
  node = JSON.parse(stdout);
});
afterAll(closeBrowsers);

describe("the package on a page", () => {
  it.each(cases)("gives Node's results: %s in %s, isolated: %s", async (way, browserName, isIsolated) => {
    const app = await ways[way](writeApp(shared), isIsolated ? isolation : {});
    try {
      const {
        outcome,
        thrown,
        isolated,
        errors,
        mostWorkers,
        workersLeft,
        mostTargets = 3,
      } = await visit(browserName, app.url);
      expect(thrown).toBeUndefined();
      const { results, build, sharedMemory, progress } = outcome!;
      expect(results).toEqual(node.results);
      expect({ isolated, build, sharedMemory }).toEqual({
        isolated: isIsolated,
        build: "simd128",
        sharedMemory: isIsolated,
      });
      for (const name of ["evaluate", "evaluate again", "finetune", "evaluate finetuned"])
        expect(progress[name], name).toBeGreaterThan(1);
      // The engine and its two job workers. The session's end ends them.
      expect({ mostWorkers, mostTargets, workersLeft }).toEqual({ mostWorkers: 3, mostTargets: 3, workersLeft: 0 });
      expect(errors).toEqual([]);
      expect(app.warnings).toEqual([]);
      const expected = requests[way];
      if (expected) {
        const files = [...app.served!].filter(([path]) => !isOfApp(path));
        const paths = files.map(([path]) => path);
        const byPattern = expected.files.map((pattern) => paths.filter((path) => pattern.test(path)));
        expect(byPattern.flat(), paths.join(" ")).toEqual(byPattern.map(() => expect.any(String)));
        expect(paths).toHaveLength(expected.files.length);
        expectWithin(compressed(files.map(([, bytes]) => bytes)), expected.size);
      }
    } finally {
      await app.close();
    }
  });

  it("has an engine and files on demand of the recorded sizes", () => {
    const dist = join(shared.installed, "node_modules/neft/dist");
    const files = ["engine.js", "wasm/simd128.wasm"].map((name) => readFileSync(join(dist, name)));
    expectWithin(compressed(files), "engine and kernels");
    for (const name of ["operators.js", "rescaling.js", "readers.js"] as const)
      expectWithin(compressed([readFileSync(join(dist, name))]), name);
  });
});

describe.each(browserNames)("a content-security policy in %s", (browserName) => {
  /** Runs the scenario under a policy; returns the error, if any. */
  const runUnder = async (way: WayName, policy: string): Promise<string | undefined> => {
    const app = await ways[way](writeApp(shared), { "Content-Security-Policy": policy });
    try {
      return (await visit(browserName, app.url)).thrown;
    } finally {
      await app.close();
    }
  };

  it("without WebAssembly is named by the error", async () => {
    expect(await runUnder("vite build", "script-src 'self'")).toMatch(/add 'wasm-unsafe-eval' to its script-src/);
  });

  it("with WebAssembly and the page's own scripts is enough", async () => {
    expect(await runUnder("vite build", "script-src 'self' 'wasm-unsafe-eval'")).toBeUndefined();
  });

  it("without blob: is named by the error of neft/inline", async () => {
    const policy = "script-src 'self' 'wasm-unsafe-eval'";
    expect(await runUnder("esbuild, inline", policy)).toMatch(/worker-src blob:/);
    expect(await runUnder("esbuild, inline", `${policy}; worker-src blob:`)).toBeUndefined();
  });
});
