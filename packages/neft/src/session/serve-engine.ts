import { has } from "@neft/options";
import { toThrown } from "@neft/work";
import type { Answer, EngineApi, Id, Progress, Request, RunArgument } from "./protocol.js";

/** The other end of an engine's connection. */
export interface SessionEnd {
  listen(receive: (message: unknown) => void): void;
  post(message: Answer, transferred: ArrayBuffer[]): void;
}

/** A request as sent. */
type Sent = Extract<Request, { readonly request: Id }>;

/** A request without an answer. */
interface Call {
  readonly controller: AbortController;
  /** Ids of the networks and datasets that it uses. */
  readonly operands: readonly Id[];
  /** Resolves when it has been answered. */
  readonly answer: Promise<void>;
}

/**
 * Answers a session's requests by the methods of `api`. Each request has a signal, which the session can abort. It may not wait for what it
 * aborted: the next requests with the same operands do.
 */
export function serveEngine(api: EngineApi, { listen, post }: SessionEnd): void {
  const calls = new Map<Id, Call>();
  const answerTo = async (
    { request: answered, method, argument }: Sent,
    signal: AbortSignal,
    before: readonly Call[],
  ): Promise<void> => {
    const onProgress = (progress: Progress): void => post({ answered, progress }, []);
    try {
      if (before.length > 0) await Promise.all(before.map(({ answer }) => answer));
      const result: unknown = await api[method](argument as never, { signal, onProgress });
      post({ answered, result }, buffersOf(result));
    } catch (error) {
      post({ answered, thrown: toThrown(error) }, []);
    }
  };
  listen((message) => {
    const sent = message as Request;
    if ("abort" in sent) calls.get(sent.abort)?.controller.abort();
    // Messages about job workers come the same way.
    if (!("request" in sent)) return;
    const controller = new AbortController();
    const operands = operandsOf(sent.argument);
    const before = [...calls.values()].filter(
      (call) => call.controller.signal.aborted && call.operands.some((id) => operands.includes(id)),
    );
    const answer = answerTo(sent, controller.signal, before).finally(() => calls.delete(sent.request));
    calls.set(sent.request, { controller, operands, answer });
  });
}

/** Ids of the networks and datasets that an argument names. */
function operandsOf(argument: unknown): readonly Id[] {
  if (typeof argument === "number") return [argument];
  if (!has(argument, "network", "data", "options")) return [];
  const { network, data, options } = argument as unknown as RunArgument;
  const further = [options.validationData, options.temperatureData];
  const idsOf = (samples: RunArgument["data"]): Id[] =>
    typeof samples === "number" ? [samples] : Object.values(samples);
  return [
    network,
    ...idsOf(data),
    ...further.flatMap((samples) => (samples === undefined ? [] : idsOf(samples as RunArgument["data"]))),
  ];
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
