import { readFileSync } from "node:fs";
import { join } from "node:path";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { repositoryFiles } from "./scripts/browser/repository-files.js";
import { engines, nodeOnly, ownPage, shims, suites } from "./scripts/browser/suites.mjs";

const root = import.meta.dirname;

const inPackages = suites.map((folder) => join(root, "packages", folder));

/** A package's name means its sources, as in vitest.config.ts. */
const sources = inPackages.map((folder) => ({
  find: new RegExp(`^${manifestOf(folder).name}$`),
  replacement: join(folder, "src/index.ts"),
}));

const more = { find: /^@neft\/model\/more$/, replacement: join(root, "packages/model/src/operators/more/more.ts") };

/** So does what a package imports from itself by condition (`#name`): the source of the file for other platforms than Node. */
const ownImports = inPackages.flatMap((folder) =>
  Object.entries(manifestOf(folder).imports ?? {}).map(([find, { default: built }]) => ({
    find,
    replacement: join(folder, built.replace(/^\.\/dist\/(.*)\.js$/, "src/$1.ts")),
  })),
);

interface Manifest {
  readonly name: string;
  readonly imports?: Readonly<Record<string, { readonly default: string }>>;
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

const replacements = Object.entries(shims).map(([find, file]) => ({
  find,
  replacement: join(root, "scripts/browser", file),
}));

const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const inSuites = suites.map((folder) => `packages/${folder}/test/**/*.test.ts`);

/** Which tests share a page, and which have one each. */
const pages = [
  { kind: "one page", isolate: false, include: inSuites, exclude: [...Object.keys(nodeOnly), ...Object.keys(ownPage)] },
  { kind: "own pages", isolate: true, include: Object.keys(ownPage), exclude: [] },
];

/** A project for a browser and a kind of pages. Its name begins with the browser's. */
const project = (name: keyof typeof engines, { kind, ...tests }: (typeof pages)[number]) => {
  const { program, isolated, launch } = engines[name];
  return {
    extends: true as const,
    // Of its own, because each project's run writes the bundled dependencies there.
    cacheDir: join(root, "node_modules/.vite", `${name}, ${kind}`),
    server: { headers: isolated ? isolation : {} },
    test: {
      ...tests,
      // The instance has the project's name; this must be another.
      name: `server of ${name}, ${kind}`,
      setupFiles: [join(root, "scripts/browser/isolation.ts")],
      provide: { isolated },
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: { executablePath: program, ...launch } }),
        instances: [{ browser: name, name: `${name}, ${kind}` }],
      },
    },
  };
};

export default defineConfig({
  resolve: { alias: [...sources, more, ...ownImports, ...replacements] },
  plugins: [repositoryFiles(root)],
  optimizeDeps: {
    // It loads a .wasm file from beside its own.
    exclude: ["onnxruntime-web"],
    // A dependency that Vite finds late reloads the page amid the tests.
    include: ["fast-check", "fflate", "comlink", "@bufbuild/protobuf", "@bufbuild/protobuf/codegenv2"],
  },
  test: {
    // Generous, so that a busy machine fails no test.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    projects: (Object.keys(engines) as (keyof typeof engines)[]).flatMap((name) =>
      pages.map((page) => project(name, page)),
    ),
  },
});
