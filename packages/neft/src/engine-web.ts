import { holdLock } from "@neft/work";
import { onFirstMessage, type WorkerScope } from "./first-message.js";
import { setChunkUrls } from "./load-chunk.js";
import { loadOperators } from "./load-operators.js";
import { serveJobs } from "./serve-jobs.js";
import type { EngineStart } from "./session/protocol.js";
import type { SessionEnd } from "./session/serve-engine.js";
import { startEngine } from "./session/start-engine.js";
import type { WorkerStart } from "./worker-start.js";

const scope = globalThis as unknown as WorkerScope;

/**
 * Entry point of a session's engine in a browser, and of the engine's job workers. The build bundles it into one file, engine.js, which thus
 * needs the address of no other file.
 */
onFirstMessage<EngineStart | WorkerStart>({
  engine: (start) => {
    const session: SessionEnd = {
      listen: (receive) => scope.addEventListener("message", ({ data }) => receive(data)),
      post: (message, transferred) => scope.postMessage(message, transferred),
    };
    setChunkUrls(start.chunkUrls!);
    startEngine(start, session, loadOperators);
    if (start.lock !== undefined) holdLock(start.lock);
  },
  job: serveJobs,
});
