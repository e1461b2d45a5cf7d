import { fromThrown, type WorkerHandle } from "@neft/work";
import type { Answer, ArgumentOf, Id, Method, Request, ResultOf } from "./protocol.js";
import { namingUncloneable } from "./uncloneable.js";

/** What a request may have besides its argument. */
export interface RequestOptions<Result> {
  /** Name of the call in errors. Default: the method. */
  readonly who?: string;
  /** Memory that moves to the engine. */
  readonly transferred?: ArrayBuffer[];
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: never) => void) | undefined;
  /** Milliseconds that the engine has after an abort to give a result all the same. Default: 0, the request rejects at once. */
  readonly grace?: number;
  /** Frees a result that arrives after the request has ended. */
  readonly drop?: (result: Result) => void;
}

/** A request without an answer. */
interface Pending {
  /** Name of the call in errors. */
  readonly who: string;
  readonly receive: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The session's end of the connection to an engine. Every request ends: by the engine's answer, by its signal, by the end of the engine, or
 * by `close`.
 */
export class EngineLink {
  readonly #handle: WorkerHandle;
  readonly #pending = new Map<Id, Pending>();
  /** Frees results of requests that have ended before. */
  readonly #late = new Map<Id, (result: never) => void>();
  #last: Id = 0;
  /** Makes the error of requests after the end. */
  #ended: ((who: string) => Error) | undefined;

  constructor(handle: WorkerHandle) {
    this.#handle = handle;
    handle.endpoint.addEventListener("message", this.#onMessage);
    handle.onDeath((cause) => {
      const words = (who: string) => `${who}: expected the session's engine to run, got its end: ${cause.message}`;
      const ended = (who: string): Error => new Error(`${words(who)}; create another session`, { cause });
      void this.#end(ended, ended);
    });
  }

  /** An id that no other request or upload has. */
  nextId(): Id {
    return ++this.#last;
  }

  /**
   * Calls a method of the engine.
   * @throws the engine's error; the signal's reason; an error of `onProgress`; an Error when the engine or the session ends; a RangeError for
   *   an argument that can't be sent.
   */
  async request<Name extends Method>(
    method: Name,
    argument: ArgumentOf<Name>,
    { who = method, transferred, signal, onProgress, grace = 0, drop }: RequestOptions<ResultOf<Name>> = {},
  ): Promise<ResultOf<Name>> {
    if (this.#ended) throw this.#ended(who);
    signal?.throwIfAborted();
    const id = this.nextId();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let onAbort = (): void => {};
    try {
      return await new Promise<ResultOf<Name>>((resolve, reject) => {
        const abort = (reason: unknown, milliseconds: number): void => {
          this.#post({ abort: id });
          if (milliseconds > 0) timer = setTimeout(reject, milliseconds, reason);
          else reject(reason);
          if (drop) this.#late.set(id, drop);
        };
        const receive = (answer: Answer): void => {
          if ("result" in answer) resolve(answer.result as ResultOf<Name>);
          else if ("thrown" in answer) reject(fromThrown(answer.thrown));
          else {
            // An async function's promise rejects later.
            const failed = (error: unknown): void => abort(error, 0);
            try {
              Promise.resolve(onProgress?.(answer.progress as never) as unknown).catch(failed);
            } catch (error) {
              failed(error);
            }
          }
        };
        try {
          this.#post({ request: id, method, argument }, transferred);
        } catch (error) {
          throw namingUncloneable(error, who, argument);
        }
        this.#handle.keepAlive(true);
        this.#pending.set(id, { who, receive, reject });
        onAbort = () => abort(signal?.reason, grace);
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#pending.delete(id);
      // Without a request, the engine doesn't keep the process alive; while it ends, the caller of `close` waits for it.
      if (this.#pending.size === 0 && !this.#ended) this.#handle.keepAlive(false);
    }
  }

  /** Terminates the engine. Requests in progress reject, and so do later ones. */
  close(): Promise<void> {
    return this.#end(
      (who) => new Error(`${who}: expected the session to stay open until its calls end, got closed; close it later`),
      (who) => new Error(`${who}: expected an open session, got a closed one; create another`),
    );
  }

  /** Ends requests in progress with the error of `now`, later ones with that of `later`. The first end counts. */
  async #end(now: (who: string) => Error, later: (who: string) => Error): Promise<void> {
    if (!this.#ended) {
      this.#ended = later;
      for (const { who, reject } of this.#pending.values()) reject(now(who));
      this.#late.clear();
    }
    await this.#handle.terminate();
  }

  #post(message: Request, transferred: ArrayBuffer[] = []): void {
    this.#handle.endpoint.postMessage(message, transferred);
  }

  readonly #onMessage = (event: Event): void => {
    const answer = ((event as MessageEvent).data ?? {}) as Answer;
    this.#pending.get(answer.answered)?.receive(answer);
    if (!("result" in answer || "thrown" in answer)) return;
    if ("result" in answer && !this.#pending.has(answer.answered))
      this.#late.get(answer.answered)?.(answer.result as never);
    this.#late.delete(answer.answered);
  };
}
