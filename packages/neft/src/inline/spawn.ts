import { chunkNames, chunkUrlsBy } from "../chunk-names.js";
import { engineFromBlob, urlOf } from "../session/engine-from-blob.js";
import type { SpawnEngine } from "../session/protocol.js";
import { inlined } from "./inlined.js";

export { checkHost } from "../started.js";

/** Starts a session's engine from the code in inline.js. It takes the place of `#spawn` there. */
export const spawnEngine: SpawnEngine = async (start) => {
  const [engine, ...chunks] = await Promise.all(["engine.js", ...chunkNames].map((name) => inlined(name).text()));
  const chunkUrls = chunkUrlsBy((name) => urlOf(chunks[chunkNames.indexOf(name)]!));
  return engineFromBlob(engine!, { ...start, chunkUrls });
};
