import { engineFromBlob, urlOf } from "../session/engine-from-blob.js";
import type { SpawnEngine } from "../session/protocol.js";
import { inlined } from "./inlined.js";

export { checkHost } from "../started.js";

/** Starts a session's engine from the code in inline.js. It takes the place of `#spawn` there. */
export const spawnEngine: SpawnEngine = async (start) => {
  const [engine, operators] = await Promise.all(["engine.js", "operators.js"].map((name) => inlined(name).text()));
  return engineFromBlob(engine!, { ...start, operators: urlOf(operators!) });
};
