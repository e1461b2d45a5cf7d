import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { viteFunctions, type WayName, ways, writeApp } from "./apps.js";
import { type BrowserName, browserNames, closeBrowsers, type Outcome, visit } from "./browsers.mjs";
import { runWell } from "./programs.js";

/** What pages load on demand. browser.test.ts counts the requests of a network that needs nothing of it. */

const shared = inject("shared");

const ofVite = /\/(operators|rescaling|readers)-[^/]+\.js$/;

const cases: readonly (readonly [WayName, BrowserName, chunks: RegExp | undefined])[] = [
  ["vite build", "chromium", ofVite],
  ["vite build, relative base", "firefox", ofVite],
  ["vite dev", "chromium", undefined],
  ["webpack build", "chromium", /\/[0-9a-f]{20}\.js$/],
  ["import map", "firefox", /\/(operators|rescaling|readers)\.js$/],
  ["import map, other origin", "chromium", /\/(operators|rescaling|readers)\.js$/],
  ["esbuild, inline", "firefox", undefined],
];

/** Paths of the files of neft that were served; data and pages excepted. */
const pathsOf = (served: ReadonlyMap<string, unknown>): string[] =>
  [...served.keys()].filter((path) => !/\.html$|\/data\/|\/src\//.test(path));

/** What Node computes. */
const inNode = async (scenario: string): Promise<Outcome> => {
  const { stdout } = await runWell(process.execPath, ["node.js", shared.data, scenario], writeApp(shared));
  return JSON.parse(stdout);
};

let node: Outcome;

beforeAll(async () => {
  node = await inNode("looped");
});
afterAll(closeBrowsers);

describe("a network with an operator on demand", () => {
  it.each(cases)("gives Node's numbers, rescaled and of packed data: %s in %s", async (way, browserName, chunks) => {
    const app = await ways[way](writeApp(shared), {});
    try {
      const { outcome, thrown, errors, workersLeft } = await visit(browserName, app.url, "looped");
      expect(thrown).toBeUndefined();
      expect(outcome!.results).toEqual(node.results);
      expect({ errors, workersLeft, warnings: app.warnings }).toEqual({ errors: [], workersLeft: 0, warnings: [] });
      if (chunks) {
        const paths = pathsOf(app.served!);
        expect(paths.filter((path) => chunks.test(path)).length, paths.join(" ")).toBe(3);
        // The page, the engine and the kernels.
        expect(paths, paths.join(" ")).toHaveLength(6);
      }
    } finally {
      await app.close();
    }
  });

  it.each(browserNames)("is refused in %s, with the address, where the file is missing", async (browserName) => {
    const folder = writeApp(shared);
    rmSync(join(folder, "node_modules/neft/dist/operators.js"));
    const app = await ways["import map"](folder, {});
    try {
      const { thrown } = await visit(browserName, app.url, "looped");
      const address = `${app.url}node_modules/neft/dist/operators.js`;
      expect(thrown).toContain(
        'OnnxError: importOnnx: expected supported operators of opset 17, got Loop (node "Loop_2")',
      );
      expect(thrown).toContain(`; operators.js: expected this part of neft at ${address}, got: `);
      expect(thrown).toContain("; serve operators.js there and allow its origin in the script-src");
    } finally {
      await app.close();
    }
  });

  it("works by functions after loadOperators, with workers, and the error says so", async () => {
    const app = await viteFunctions(writeApp(shared), {});
    try {
      const { outcome, thrown, errors } = await visit("chromium", app.url);
      const { results, before } = await inNode("loopedByFunctions");
      expect(before).toBeUndefined();
      expect(thrown).toBeUndefined();
      expect(outcome!.before).toMatch(
        /Loop \(node "Loop_2"\); see SUPPORTED\.md; await loadOperators\(\) first: it brings more operators$/,
      );
      expect(outcome!.results).toEqual(results);
      expect({ errors, warnings: app.warnings }).toEqual({ errors: [], warnings: [] });
      // The page, its chunk, the kernels, and what its workers run.
      const kinds = [/\/index-/, /\/more-/, /\/simd128-/, /\/worker-/, /\/operators-/];
      const paths = pathsOf(app.served!);
      expect(kinds.map((kind) => paths.filter((path) => kind.test(path)).length)).toEqual(kinds.map(() => 1));
      expect(paths, paths.join(" ")).toHaveLength(kinds.length);
    } finally {
      await app.close();
    }
  });
});
