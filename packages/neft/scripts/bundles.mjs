/**
 * Name in dist/ of each bundled file: the module that it starts from, and what `#spawn` is in it. Job workers start none. An engine starts
 * its job workers from its own file.
 */
export const bundles = {
  "worker.js": { input: "worker-web.js" },
  "engine.js": { input: "engine-web.js", spawn: "session/spawn-nested.js" },
};
