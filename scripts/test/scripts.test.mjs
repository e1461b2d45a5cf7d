import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { engines, listBreaches, ownPage } from "../browser/suites.mjs";
import { findCargo } from "../cargo.mjs";
import { checkNames } from "../check-names.mjs";
import { root as repository } from "../command.mjs";
import { checkFileNames } from "../file-names.mjs";
import { checkLayers } from "../layers.mjs";
import { checkLock } from "../lock.mjs";
import { missingPackage } from "../prepare.mjs";
import { rustUses } from "../rust-layers.mjs";
import { checkSurroundings } from "../surroundings.mjs";
import { benchTable, withTables } from "../tables.mjs";
import { line, parseLines, sum, tallyCargo, tallyVitest } from "../tally.mjs";
import { checkWords } from "../words.mjs";

let root;

function write(files) {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

/** A repository of two packages without breaches; a test adds its own. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "neft-layers-"));
  write({
    "packages/kernels/package.json": { name: "@neft/kernels" },
    "packages/kernels/src/index.ts": 'export { a } from "./a.js";\n',
    "packages/kernels/src/a.ts": "export const a = 1;\n",
    "packages/tensor/package.json": { name: "@neft/tensor", dependencies: { "@neft/kernels": "0.1.0" } },
    "packages/tensor/src/index.ts": 'import { a } from "@neft/kernels";\nexport const b = a;\n',
  });
});

afterEach(() => rmSync(root, { recursive: true }));

describe("layers", () => {
  it("finds nothing in a sound repository", async () => {
    expect(await checkLayers(root)).toEqual([]);
  });

  it("names both files of an import from a higher layer, types included", async () => {
    write({
      "packages/kernels/package.json": { name: "@neft/kernels", dependencies: { "@neft/tensor": "0.1.0" } },
      "packages/kernels/src/a.ts": 'import type { b } from "@neft/tensor";\nexport const a: typeof b = 1;\n',
    });
    expect(await checkLayers(root)).toContainEqual(
      expect.stringMatching(
        /^packages\/kernels\/src\/a\.ts → packages\/tensor\/src\/index\.ts: expected imports from layers below 2/,
      ),
    );
  });

  it("names both files of an import from the same layer", async () => {
    write({
      "packages/work/package.json": { name: "@neft/work", dependencies: { "@neft/kernels": "0.1.0" } },
      "packages/work/src/index.ts": 'export { a } from "@neft/kernels";\n',
    });
    const breaches = await checkLayers(root);
    expect(breaches).toHaveLength(1);
    expect(breaches[0]).toMatch(/^packages\/work\/src\/index\.ts → packages\/kernels\/src\/index\.ts: /);
  });

  it("names the files of a cycle", async () => {
    write({ "packages/kernels/src/a.ts": 'import { b } from "./b.js";\nexport const a = b;\n' });
    write({ "packages/kernels/src/b.ts": 'import { a } from "./a.js";\nexport const b = a;\n' });
    const breaches = await checkLayers(root);
    expect(breaches).toContainEqual(
      expect.stringMatching(/packages\/kernels\/src\/a\.ts → packages\/kernels\/src\/b\.ts.*expected no cycle/),
    );
  });

  it("lets two files of a package name each other's types", async () => {
    write({ "packages/kernels/src/a.ts": 'import { b } from "./b.js";\nexport type A = 1;\nexport const a = b;\n' });
    write({ "packages/kernels/src/b.ts": 'import type { A } from "./a.js";\nexport const b: A = 1;\n' });
    expect(await checkLayers(root)).toEqual([]);
  });

  it("refuses a path into another package", async () => {
    write({ "packages/tensor/src/c.ts": 'export { a } from "../../kernels/src/a.js";\n' });
    expect(await checkLayers(root)).toEqual([
      "packages/tensor/src/c.ts → packages/kernels/src/a.ts: expected another package to be imported by its name, got a path into it",
    ]);
  });

  it("compares package.json with the imports", async () => {
    write({
      "packages/tensor/package.json": { name: "@neft/tensor", dependencies: { fflate: "1" } },
      "packages/tensor/test/a.test.ts": 'import { it } from "vitest";\n',
      "package.json": { devDependencies: { vitest: "4" } },
    });
    expect(await checkLayers(root)).toEqual([
      "packages/tensor/src/index.ts → @neft/kernels: expected it among the dependencies in packages/tensor/package.json, got none",
      "packages/tensor/package.json → fflate: expected a source file that imports this dependency, got none",
    ]);
  });
});

describe("layers of the Rust crates", () => {
  const kernels = "crates/crossbar-kernels/src";

  /** Two topics, sound but for what a test adds. */
  beforeEach(() =>
    write({
      [`${kernels}/lib.rs`]: "pub mod gemm;\npub mod lanes;\n",
      [`${kernels}/lanes/mod.rs`]: "mod slices;\npub use slices::{copy, set};\n",
      [`${kernels}/lanes/slices.rs`]: "pub fn copy() {}\npub fn set() {}\n",
      [`${kernels}/gemm/mod.rs`]: "mod pack;\nmod panels;\npub use {pack::pack, panels::*};\n",
      [`${kernels}/gemm/pack.rs`]: "use super::panels::size;\nuse crate::lanes::{self, copy as copy_run};\n",
      [`${kernels}/gemm/panels.rs`]: "pub fn size() {}\n#[cfg(test)]\nmod tests {\n    use super::super::pack;\n}\n",
    }),
  );

  it("finds nothing in sound crates, whatever tests use", async () => {
    expect(await checkLayers(root)).toEqual([]);
    expect([...rustUses(root).get(`${kernels}/gemm/pack.rs`)]).toEqual([
      `${kernels}/gemm/panels.rs`,
      `${kernels}/lanes/mod.rs`,
    ]);
  });

  it("names the files of a cycle, by use and by a path in the code", async () => {
    for (const source of [
      "use super::pack::{self, pack};",
      "use crate::{gemm::{pack::pack}};",
      "fn f() { super::pack::pack() }",
    ]) {
      write({ [`${kernels}/gemm/panels.rs`]: `${source}\n` });
      expect(await checkLayers(root)).toEqual([
        expect.stringMatching(
          /gemm\/(pack|panels)\.rs → .*gemm\/(pack|panels)\.rs → .*: expected no cycle between files/,
        ),
      ]);
    }
  });

  it("finds a cycle through what a folder re-exports", async () => {
    write({
      [`${kernels}/gemm/panels.rs`]: "use crate::gemm::pack;\nuse super::pack as same;\nuse crate::gemm::Shape;\n",
    });
    expect((await checkLayers(root)).join("\n")).toMatch(/gemm\/panels\.rs → .*gemm\/mod\.rs/);
  });

  it("names both files of a use of a higher layer", async () => {
    write({ [`${kernels}/lanes/slices.rs`]: "pub fn copy() { crate::gemm::size() }\n" });
    expect(await checkLayers(root)).toContainEqual(
      `${kernels}/lanes/slices.rs → ${kernels}/gemm/mod.rs: expected uses of layers below crossbar-kernels/src/lanes, got one from the same layer or above`,
    );
  });

  it("ignores comments", async () => {
    write({
      [`${kernels}/lanes/slices.rs`]: "//! See crate::gemm::pack.\n/* use crate::gemm::pack; */\npub fn copy() {}\n",
    });
    expect(await checkLayers(root)).toEqual([]);
  });
});

describe("surroundings", () => {
  const uses = [
    ["WebAssembly", "export const m = WebAssembly.Module;"],
    ["process", "export const argv = process.argv;"],
    ["node:fs", 'import { readFileSync } from "node:fs";\nexport const read = readFileSync;'],
    ["node:fs/promises", 'export const fs = () => import("node:fs/promises");'],
    ["console", 'export const say = () => console.log("hi");'],
    ["Date", "export const now = () => Date.now();"],
    ["Date", "export const now = () => new Date();"],
    ["performance", "export const now = () => globalThis.performance.now();"],
    ["Math.random", "export const draw = () => Math.random();"],
    ["Math.exp", "export const e = Math.exp(1);"],
    ["**", "export const square = (x: number) => x ** 2;"],
    ["Worker", "export const w = (u: URL) => new Worker(u);"],
  ];
  for (const [name, source] of uses) {
    it(`finds ${name} in: ${source.split("\n").at(-1)}`, () => {
      write({ "packages/tensor/src/c.ts": source });
      const breaches = checkSurroundings(root);
      expect(breaches.length).toBeGreaterThan(0);
      expect(breaches[0]).toMatch(/^packages\/tensor\/src\/c\.ts:\d+ → /);
      expect(breaches[0]).toContain(`→ ${name}: expected`);
    });
  }

  const kernels = [
    'import { init, wasm } from "@neft/kernels";\nexport const run = () => wasm().relu;',
    'import { wasm as kernels } from "@neft/kernels";\nexport const run = () => kernels();',
    'import * as kernels from "@neft/kernels";\nexport const run = () => kernels.wasm();',
    'export { f32 } from "@neft/kernels";',
    'export * from "@neft/kernels";',
    'export const load = () => import("@neft/kernels");',
  ];
  for (const source of kernels) {
    it(`lets only tensor take kernels by: ${source.split("\n")[0]}`, () => {
      write({ "packages/tensor/src/c.ts": source });
      expect(checkSurroundings(root)).toEqual([]);
      write({ "packages/training/src/c.ts": source });
      const breaches = checkSurroundings(root);
      expect(breaches).toHaveLength(1);
      expect(breaches[0]).toMatch(
        /^packages\/training\/src\/c\.ts:1 → (wasm|f32|\*): expected kernels and their memory/,
      );
    });
  }

  it("lets any package start the kernels and measure their memory", () => {
    write({ "packages/neft/src/c.ts": 'export { build, init, memoryUse } from "@neft/kernels";' });
    expect(checkSurroundings(root)).toEqual([]);
  });

  it("lets kernels touch WebAssembly and the command print", () => {
    write({ "packages/kernels/src/c.ts": "export const m = WebAssembly.Module;" });
    write({ "packages/neft/src/command/c.ts": "console.log(Date.now());" });
    expect(checkSurroundings(root)).toEqual([]);
  });

  it("lets a benchmark read the clock and run its probe, each in its own file", () => {
    write({ "packages/profile/src/clock.ts": "export const now = () => performance.now();" });
    write({ "packages/profile/src/roofline.ts": "export const m = WebAssembly.Module;" });
    expect(checkSurroundings(root)).toEqual([]);
    write({ "packages/profile/src/clock.ts": "export const m = WebAssembly.Module;" });
    write({ "packages/profile/src/roofline.ts": "export const now = () => performance.now();" });
    expect(checkSurroundings(root)).toHaveLength(2);
  });

  it("lets members, types and the file's own names be", () => {
    write({
      "packages/tensor/src/c.ts":
        "export interface Result { date: Date; process: number }\n" +
        "export const f = (r: Result, window: number) => r.process + window + Math.sqrt(2 ** 24);\n",
    });
    expect(checkSurroundings(root)).toEqual([]);
  });
});

describe("tallies", () => {
  it("sums vitest's report, a file that can't be loaded as one failure", () => {
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 0,
      testResults: [
        { status: "failed", assertionResults: [] },
        { status: "failed", assertionResults: [{}] },
        { status: "passed", assertionResults: [{}] },
      ],
    };
    expect(tallyVitest(report)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it("sums cargo's lines, and counts a failure to compile", () => {
    const output =
      "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\ntest result: FAILED. 2 passed; 1 failed; 0 ignored;\n";
    expect(tallyCargo(output, 101)).toEqual({ passed: 5, failed: 1, skipped: 1 });
    expect(tallyCargo("error: could not compile", 101)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it("writes and reads its line", () => {
    expect(line({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
    const tally = { passed: 1, failed: 2, skipped: 3 };
    expect(parseLines(`so\n${line(tally)}\n@neft/data:test: ${line(tally)}\n`)).toEqual(sum(tally, tally));
    expect(parseLines("nothing of the kind")).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe("browsers", () => {
  it("are listed with the files that need Node, exactly", () => {
    const files = [
      { path: "a.test.ts", text: 'import { gunzipSync } from "node:zlib";' },
      { path: "b.test.ts", text: 'import { readFileSync } from "node:fs";\nimport { expect } from "vitest";' },
      { path: "c.test.ts", text: 'import ts from "typescript";' },
    ];
    expect(listBreaches(files, { "a.test.ts": "unpacks", "c.test.ts": "compiles" })).toEqual([]);
    expect(listBreaches(files, { "b.test.ts": "reads", "c.test.ts": "compiles", "d.test.ts": "is gone" })).toEqual([
      expect.stringMatching(/^a\.test\.ts: expected modules that browsers have or a shim, got node:zlib/),
      expect.stringMatching(/^b\.test\.ts: expected a test file that needs Node/),
      expect.stringMatching(/^d\.test\.ts: expected a test file that needs Node/),
    ]);
  });

  it("have pages of their own for test files that exist", () => {
    expect(Object.keys(ownPage).filter((path) => !existsSync(join(repository, path)))).toEqual([]);
  });

  it("run in both kinds of pages, isolated and not", () => {
    expect(new Set(Object.values(engines).map(({ isolated }) => isolated)).size).toBe(2);
  });
});

describe("checks", () => {
  it("are tasks of turbo and scripts of package.json, all of them", () => {
    const read = (file) => JSON.parse(readFileSync(join(repository, file), "utf8"));
    const named = (keys, prefix) => keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    expect(named(Object.keys(read("turbo.json").tasks), "//#check:").sort()).toEqual([...checkNames].sort());
    expect(named(Object.keys(read("package.json").scripts), "check:").sort()).toEqual([...checkNames].sort());
  });
});

describe("file names", () => {
  it("are kebab-case, and snake_case for Rust", () => {
    const files = ["a/array-node.ts", "a/run.test.ts", "a/types.d.ts", "b/conv_input.rs", "a/onnx_pb.ts", "c/Makefile"];
    expect(checkFileNames(files)).toEqual([]);
    expect(checkFileNames(["a/arrayNode.ts", "b/convInput.rs", "a/run_test.mjs"])).toEqual([
      "a/arrayNode.ts: expected a name in kebab-case, got arrayNode.ts",
      "b/convInput.rs: expected a name in snake_case, got convInput.rs",
      "a/run_test.mjs: expected a name in kebab-case, got run_test.mjs",
    ]);
  });
});

describe("words", () => {
  it("finds phrases that are hard to understand and suggests replacements", () => {
    const text = "/** Shards. Default: 1. */\n/** Shards; 1 unless said. */";
    expect(checkWords([{ file: "a.ts", text }])).toEqual(['a.ts:2: expected "Default: …", got "unless said"']);
  });
});

describe("installation", () => {
  const lock = {
    packages: {
      "": {},
      "packages/data": { version: "0.1.0" },
      "node_modules/a": { version: "1.0.0" },
      "node_modules/b": { version: "1.0.0", optional: true },
      "node_modules/@neft/data": { resolved: "packages/data", link: true },
    },
  };
  const installed = (version) => ({
    packages: { "node_modules/a": { version }, "node_modules/@neft/data": { resolved: "packages/data", link: true } },
  });

  it("is complete when versions agree; optional packages may be absent", () => {
    expect(missingPackage(lock, installed("1.0.0"))).toBeUndefined();
  });

  it("names a package that is missing or has another version", () => {
    expect(missingPackage(lock, undefined)).toBe("node_modules is missing");
    expect(missingPackage(lock, installed("0.9.0"))).toBe("node_modules/a is 0.9.0, not 1.0.0");
    expect(missingPackage(lock, { packages: {} })).toBe("node_modules/a is missing");
  });
});

describe("lock file", () => {
  it("has an entry for every optional package, and no address", () => {
    const a = { optionalDependencies: { "b-linux": "1.0.0" } };
    expect(checkLock({ packages: { "node_modules/a": a, "node_modules/b-linux": {} } })).toEqual([]);
    expect(checkLock({ packages: { "node_modules/a": a, "node_modules/a/node_modules/b-linux": {} } })).toEqual([]);
    expect(checkLock({ packages: { "node_modules/a": a } })).toEqual([
      "package-lock.json: node_modules/a → b-linux: expected an entry for this optional package, got none",
    ]);
    const linked = { "node_modules/@neft/data": { resolved: "packages/data", link: true } };
    expect(checkLock({ packages: linked })).toEqual([]);
    expect(checkLock({ packages: { "node_modules/a": { resolved: "https://registry/a.tgz" } } })).toHaveLength(1);
  });
});

describe("tables", () => {
  const results = {
    rows: {
      first: [{ what: "a", ours: 1, reference: 2, interval: [0, 3], inside: true }],
      second: [{ what: "b", skipped: "no" }],
    },
  };

  it("are generated between their markers from results, and kept without results", () => {
    const text = "x\n<!-- table: baselines -->\nold\n<!-- end -->\ny";
    expect(withTables(text, () => results)).toBe(
      "x\n<!-- table: baselines -->\n|  | here | reference | interval |  |\n| --- | --- | --- | --- | --- |\n" +
        "| a | 1.00 | 2.00 | 0.00 – 3.00 | inside |\n<!-- end -->\ny",
    );
    expect(withTables(text, () => undefined)).toBe(text);
  });

  it("compare machines by figure, whatever versions ran on them", () => {
    const row = (ours, ratio, met, version) => {
      const peerName = `PyTorch ${version} (AVX512), 2 threads, batch 128`;
      return { bench: "b", what: "w", build: "simd128", ours, unit: "ms", peerName, ratio, goal: "≥ 1", met };
    };
    const machines = [
      {
        machine: { cpu: "One(R) Processor", node: "v20.1.0" },
        records: [row(2, 1.5, true, "2.1.0"), { ...row(1, 1, true, "2.0.1"), build: "relaxed" }],
      },
      {
        machine: { cpu: "Two", node: "v22.0.0" },
        records: [row(4, 0.5, false, "2.2.0"), { ...row(3, 1, true, "2.0.1"), what: "more" }],
      },
    ];
    expect(benchTable(...machines)).toEqual([
      "| what | against | goal | One, Node 20.1.0 | ratio | Two, Node 22.0.0 | ratio |",
      "| --- | --- | --- | --- | --- | --- | --- |",
      "| b: w | PyTorch (AVX512) | ≥ 1 | 2 ms | 1.5 | 4 ms | **0.5** |",
      "| b: more | PyTorch (AVX512) | ≥ 1 |  |  | 3 ms | 1 |",
    ]);
  });

  it("refuse an unknown table, and a table without an end", () => {
    expect(() => withTables("<!-- table: x -->\n<!-- end -->", () => results)).toThrow(
      "expected one of headline, demo, baselines, bench",
    );
    const open = "<!-- table: bench -->\n<!-- table: demo -->\n<!-- end -->";
    expect(() => withTables(open, () => results)).toThrow("expected <!-- end -->");
  });
});

describe("cargo", () => {
  it("skips one that fails, and is undefined when none works", () => {
    const run = (program) => ({ status: program === "cargo" ? 0 : 1, output: "cargo 1.96.0\n" });
    expect(findCargo(run)).toMatchObject({ program: "cargo", version: "cargo 1.96.0" });
    expect(findCargo(() => ({ status: 127, output: "" }))).toBeUndefined();
  });
});
