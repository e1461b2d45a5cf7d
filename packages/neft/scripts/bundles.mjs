/** Libraries of the command alone: they run in Node only and stay dependencies. */
export const kept = ["commander", "cli-progress"];

/** Libraries of the command that only those install who want charts. */
export const peers = ["sharp", "vega", "vega-lite"];

/**
 * Modules of which a worker has one instance: operators.js takes theirs from the file that loads it. They hold state, a class that is tested
 * with instanceof, or rows that are compared. All other modules that operators.js needs are copied.
 */
const shared = [
  ...["call", "guard", "instance", "load", "memory"].map((name) => `kernels/dist/${name}.js`),
  "kernels/wasm/crossbar_wasm.js",
  ...["arena", "graph", "hold", "storage", "tensor"].map((name) => `tensor/dist/${name}.js`),
  ...["convolution", "products"].map((name) => `tensor/dist/operations/${name}.js`),
  ...["convolution", "operator", "pooling", "tracks"].map((name) => `model/dist/operators/${name}.js`),
  "options/dist/option-error.js",
];

/**
 * Files that a browser's workers load on demand, by name (chunk-names.ts has the list, too). Each takes the place of a module that is imported
 * at run time; in a page's own thread, a bundler makes its own chunk of that module.
 * - input: the module, below packages/.
 * - isShared: whether the file takes a module, given by its place below packages/, from the file that loads it. It has copies of all
 *   others. Sharing modules that the engine needs only in part keeps all of them in it.
 */
export const chunks = {
  "operators.js": { input: "model/dist/operators/more/more.js", isShared: (place) => shared.includes(place) },
  "rescaling.js": {
    input: "training/dist/equalise/equalise.js",
    isShared: (place) => !place.startsWith("training/dist/equalise/"),
  },
  "readers.js": {
    input: "data/dist/readers.js",
    isShared: (place) => !/^data\/dist\/(cifar10|crc32|deflate|idx-files|inflate|npy|npz|readers|zip)\.js$/.test(place),
  },
};

/** Expression of the URL of a file of the kernels, for the files in dist/. */
export const besideDist = (name) => `new URL("./wasm/${name}", import.meta.url)`;

/**
 * Name in dist/ of each bundled file, in the order in which they are made.
 * - input: the module that it starts from, below packages/.
 * - replaced: modules that take the place of others in it. Job workers start none. An engine has its job workers started by its
 *   parent.
 * - wasm: expression of the URL of a file of the kernels. Default: the file is never read.
 * - inlined: files of dist/ that it contains.
 * - isShared: for the files of `chunks`, which come first.
 * - loadsChunks: whether it loads these on demand. Default: it contains what they have, if it needs it.
 */
export const bundles = {
  ...chunks,
  "worker.js": { input: "neft/dist/worker-web.js", loadsChunks: true },
  "engine.js": {
    input: "neft/dist/engine-web.js",
    loadsChunks: true,
    replaced: { "#spawn": "session/spawn-by-parent.js" },
  },
  "browser.js": {
    input: "neft/dist/page.js",
    replaced: { "#spawn": "session/spawn-from-origin.js" },
    wasm: besideDist,
  },
  "inline.js": {
    input: "neft/dist/page.js",
    replaced: { "#spawn": "inline/spawn.js", "#read": "inline/read.js" },
    wasm: (name) => `new URL("inlined:${name}")`,
    inlined: ["engine.js", ...Object.keys(chunks), "wasm/simd128.wasm"],
  },
};

/**
 * The files of dist/ that Node starts, by name, with the module below packages/ that each starts from. Code that several need, and what the command
 * needs for some calls only, is in further files, whose names start with the prefix. Node reads a few files in a third of the time that
 * hundreds of modules take.
 */
export const nodeFiles = {
  inputs: { "command.js": "neft/dist/command/main.js", "thread.js": "neft/dist/worker-node.js" },
  prefix: "node-",
};

/** The files of the kernels, which become dist/wasm/. */
export const wasmFiles = ["simd128.wasm", "relaxed.wasm"];
