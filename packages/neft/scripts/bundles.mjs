/** Name in dist/ of each bundled file, and the module that it starts from. */
export const bundles = { "worker.js": "worker-web.js" };
