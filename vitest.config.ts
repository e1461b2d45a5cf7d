import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** Workspaces whose tests start processes or workers, which need built files. */
const built = [
  "packages/work",
  "packages/neft",
  "examples/quickstart",
  "examples/pytorch",
  "examples/browser",
  "bench",
];

const packages = readdirSync(join(root, "packages"))
  .map((folder) => `packages/${folder}`)
  .filter((folder) => existsSync(join(root, folder, "package.json")));

const nameOf = (folder: string): string =>
  (JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { name: string }).name;

/** A package's name means its sources: nothing has to be built. */
const sources = packages
  .map((folder) => ({ find: new RegExp(`^${nameOf(folder)}$`), replacement: join(root, folder, "src/index.ts") }))
  .concat({
    find: /^@neft\/model\/more$/,
    replacement: join(root, "packages/model/src/operators/more/more.ts"),
  })
  .concat({ find: /^#read$/, replacement: join(root, "packages/kernels/src/read-node.ts") });

/** One project for each workspace, named after it, so that a failing test says whose it is. */
const project = (folder: string, name: string) => ({
  extends: true as const,
  resolve: { alias: built.includes(folder) ? [] : sources },
  // vitest.package.config.ts and vitest.browser.config.ts have the others.
  test: { name, include: [`${folder}/test/**/*.test.{ts,mjs}`], exclude: ["packages/neft/test/package/**"] },
});

export default defineConfig({
  test: {
    pool: "forks",
    // vitest would leave one core free.
    maxWorkers: availableParallelism(),
    testTimeout: 180_000,
    hookTimeout: 60_000,
    projects: [
      ...[
        ...packages,
        "examples/quickstart",
        "examples/pytorch",
        "examples/reproduce",
        "examples/browser",
        "bench",
      ].map((folder) => project(folder, nameOf(folder))),
      project("scripts", "scripts"),
    ],
  },
});
