import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { run, tool } from "./programs.js";

const { temporary, installed, tarball } = inject("shared");

const node = { lib: ["ES2022"], types: ["node"], typeRoots: [tool("@types")] };
const browser = { lib: ["ES2022", "DOM", "DOM.Iterable"], types: [] };
const bundler = { module: "ESNext", moduleResolution: "Bundler" };
/** Bundlers resolve conditions for their platform. */
const ofNode = { customConditions: ["node"] };

/** Projects by name: compiler options, and files of types/. */
const projects = {
  "node16, Node": [{ module: "Node16", ...node }, ["common.ts", "node.ts", "subpaths.ts"]],
  "nodenext, Node": [{ module: "NodeNext", ...node }, ["common.ts", "node.ts", "subpaths.ts"]],
  "nodenext, Node with DOM": [{ module: "NodeNext", ...node, lib: browser.lib }, ["common.ts", "node.ts", "page.ts"]],
  "bundler, browser": [{ ...bundler, ...browser }, ["common.ts", "page.ts", "subpaths.ts"]],
  "bundler, Node": [{ ...bundler, ...node, ...ofNode }, ["common.ts", "node.ts", "page.ts", "subpaths.ts"]],
} as const;

describe("types of the package", () => {
  it.each(Object.entries(projects))("compile in strict projects: %s", async (name, [options, files]) => {
    const folder = join(temporary, `types ${name}`);
    cpSync(join(installed, "node_modules"), join(folder, "node_modules"), { recursive: true });
    cpSync(join(import.meta.dirname, "types"), folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const compilerOptions = { target: "ES2022", strict: true, skipLibCheck: false, noEmit: true, ...options };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    const { code, stdout } = await run(process.execPath, [tool("typescript/bin/tsc"), "-p", "."], folder);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });

  it("resolve for all ES modules", async () => {
    const words = [tool("@arethetypeswrong/cli/dist/index.js"), tarball, "--profile=esm-only", "--format=json"];
    const { code, stdout, stderr } = await run(process.execPath, words, temporary);
    expect(code, stdout + stderr).toBe(0);
  });
});

it("publint finds nothing", async () => {
  const { code, stdout, stderr } = await run(
    process.execPath,
    [tool("publint/src/cli.js"), tarball, "--strict"],
    temporary,
  );
  expect(stdout + stderr).toMatch(/All good!/);
  expect(code).toBe(0);
});
