import { toThrown } from "@neft/pool";
import type { Answer, EngineApi, Id, Progress, Request, Running } from "./protocol.js";

/** The other end of an engine's connection. */
export interface SessionEnd {
  listen(receive: (message: unknown) => void): void;
  post(message: Answer, transferred: ArrayBuffer[]): void;
}

/** Answers a session's requests by the methods of `api`. Each request has a signal, which the session can abort. */
export function serveEngine(api: EngineApi, { listen, post }: SessionEnd): void {
  const running = new Map<Id, AbortController>();
  listen(async (message) => {
    const sent = message as Request;
    if ("abort" in sent) {
      running.get(sent.abort)?.abort();
      return;
    }
    // Messages about job workers come the same way.
    if (!("request" in sent)) return;
    const { request: answered, method, argument } = sent;
    const controller = new AbortController();
    running.set(answered, controller);
    const own: Running = {
      signal: controller.signal,
      onProgress: (progress: Progress) => post({ answered, progress }, []),
    };
    try {
      const result: unknown = await api[method](argument as never, own);
      post({ answered, result }, buffersOf(result));
    } catch (error) {
      post({ answered, thrown: toThrown(error) }, []);
    } finally {
      running.delete(answered);
    }
  });
}

/** The memory of a result's typed arrays. A result has its own memory, so that it can move to the session. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (!ArrayBuffer.isView(value))
      for (const one of value instanceof Map ? value.values() : Object.values(value)) visit(one);
    else if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  };
  visit(result);
  return [...found];
}
