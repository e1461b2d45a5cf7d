/**
 * Name in dist/ of each bundled file: the module that it starts from, and what `#spawn` is in it. Job workers start none. An engine has
 * its job workers started by its parent.
 */
export const bundles = {
  "worker.js": { input: "worker-web.js" },
  "engine.js": { input: "engine-web.js", spawn: "session/spawn-by-parent.js" },
};
