/**
 * Name in dist/ of each bundled file, in the order in which they are made.
 * - input: the module that it starts from.
 * - replaced: modules that take the place of others in it. Job workers start none. An engine has its job workers started by its
 *   parent.
 * - wasm: expression of the URL of a file of the kernels. Default: the file is never read.
 * - inlined: files of dist/ that it contains.
 */
export const bundles = {
  "worker.js": { input: "worker-web.js" },
  "engine.js": { input: "engine-web.js", replaced: { "#spawn": "session/spawn-by-parent.js" } },
  "browser.js": {
    input: "page.js",
    replaced: { "#spawn": "session/spawn-from-origin.js" },
    wasm: (name) => `new URL("./wasm/${name}", import.meta.url)`,
  },
  "inline.js": {
    input: "page.js",
    replaced: { "#spawn": "inline/spawn.js", "#read": "inline/read.js" },
    wasm: (name) => `new URL("inlined:${name}")`,
    inlined: ["engine.js", "wasm/simd128.wasm"],
  },
};

/** The files of the kernels, which become dist/wasm/. */
export const wasmFiles = ["simd128.wasm", "relaxed.wasm"];
