/** Libraries of the command alone: they run in Node only and stay dependencies. */
export const kept = ["commander", "cli-progress"];

/**
 * Name in dist/ of each bundled file, in the order in which they are made.
 * - input: the module that it starts from.
 * - platform: what it runs on. Default: browser. Files for Node keep their names, which traces of errors show.
 * - external: libraries that stay dependencies.
 * - hasHelp: keeps what the command shows of settings.
 * - replaced: modules that take the place of others in it. Job workers start none. An engine has its job workers started by its
 *   parent.
 * - wasm: expression of the URL of a file of the kernels. Default: the file is never read.
 * - inlined: files of dist/ that it contains.
 * - shares: "host" if it loads operators.js, and "guest" for that file, which comes first.
 */
export const bundles = {
  "operators.js": { input: "operators-web.js", shares: "guest" },
  "worker.js": { input: "worker-web.js", shares: "host" },
  "engine.js": { input: "engine-web.js", shares: "host", replaced: { "#spawn": "session/spawn-by-parent.js" } },
  // Node reads one file in a third of the time that hundreds of modules take.
  "thread.js": { input: "worker-node.js", platform: "node" },
  "command.js": {
    input: "command/main.js",
    platform: "node",
    external: kept,
    hasHelp: true,
    wasm: (name) => `new URL("./wasm/${name}", import.meta.url)`,
  },
  "browser.js": {
    input: "page.js",
    replaced: { "#spawn": "session/spawn-from-origin.js" },
    wasm: (name) => `new URL("./wasm/${name}", import.meta.url)`,
  },
  "inline.js": {
    input: "page.js",
    replaced: { "#spawn": "inline/spawn.js", "#read": "inline/read.js" },
    wasm: (name) => `new URL("inlined:${name}")`,
    inlined: ["engine.js", "operators.js", "wasm/simd128.wasm"],
  },
};

/** The files of the kernels, which become dist/wasm/. */
export const wasmFiles = ["simd128.wasm", "relaxed.wasm"];

/**
 * Modules of which a worker has one instance: operators.js takes theirs from the file that loads it. They hold state, a class that is tested
 * with instanceof, or rows that are compared. All other modules that operators.js needs are copied.
 */
export const shared = [
  ...["call", "guard", "instance", "load", "memory"].map((name) => `kernels/dist/${name}.js`),
  "kernels/wasm/crossbar_wasm.js",
  ...["arena", "graph", "hold", "storage", "tensor"].map((name) => `tensor/dist/${name}.js`),
  ...["convolution", "products"].map((name) => `tensor/dist/operations/${name}.js`),
  ...["convolution", "operator", "pooling", "tracks"].map((name) => `model/dist/operators/${name}.js`),
  "options/dist/option-error.js",
];
