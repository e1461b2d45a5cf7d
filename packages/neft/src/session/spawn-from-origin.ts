import { chunkUrlsBy } from "../chunk-names.js";
import type { WebWorkerClass } from "../started.js";
import { engineFromBlob } from "./engine-from-blob.js";
import { startEngineWith } from "./job-workers.js";
import type { SpawnEngine } from "./protocol.js";

export { checkHost } from "../started.js";

declare const Worker: WebWorkerClass;
declare const location: { readonly origin: string };

/**
 * Starts a session's engine from the file next to the code. It takes the place of `#spawn` in the bundle for pages without a bundler. A
 * browser starts no worker from a file of another origin, such as a CDN, but a worker can import it.
 */
export const spawnEngine: SpawnEngine = (given) => {
  const file = new URL("./engine.js", import.meta.url);
  const start = { ...given, chunkUrls: chunkUrlsBy((name) => new URL(`./${name}`, import.meta.url).href) };
  return file.origin === location.origin
    ? startEngineWith(() => new Worker(file, { type: "module" }), start)
    : engineFromBlob(`import ${JSON.stringify(file.href)};`, start);
};
