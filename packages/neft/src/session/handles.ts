import type { Layout } from "@neft/data";
import type { SummaryRow, ValueInfo } from "@neft/model";
import { has, inWords, kind } from "@neft/options";
import type { Id, Made } from "./protocol.js";

/** One node of a network, for drawing it. */
export interface NodeInfo {
  /** Unique in its network. */
  readonly name: string;
  /** ONNX operator: "Conv". */
  readonly operator: string;
  /** Value names that it reads. Those that no node produces are inputs, parameters or constants; an empty name is an absent input. */
  readonly inputs: readonly string[];
  /** Value names that it produces. */
  readonly outputs: readonly string[];
  /** Shape of its first output, with the batch axis. Sizes that aren't known are symbols or "?". */
  readonly shape: readonly (number | string)[];
  /** Number of elements in its parameters. A shared parameter is counted at its first node. */
  readonly parameters: number;
  /** Whether a crossbar computes it. */
  readonly onCrossbar: boolean;
}

/** What is known of a network: plain data. */
export interface NetworkInfo {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly summary: readonly SummaryRow[];
  /** Nodes in running order. */
  readonly graph: { readonly nodes: readonly NodeInfo[] };
  /** Possible causes of unexpected results on chips, one sentence each. */
  readonly warnings: readonly string[];
}

/** What is known of a dataset: plain data. */
export interface DatasetInfo {
  readonly name: string;
  readonly count: number;
  /** Shape of one sample. */
  readonly shape: readonly number[];
  readonly layout: Layout;
  readonly classes: number;
  /** Whether samples are bytes. */
  readonly bytes: boolean;
}

/** A thing in a session's engine. */
interface Handle<Info> {
  readonly info: Info;
  /**
   * Frees it in the engine; a second call does nothing more. Calls in progress keep their data.
   * @throws {Error} for a network that a call in progress uses.
   */
  dispose(): Promise<void>;
}

/** A network in a session's engine. `finetune` changes it in place. */
export interface SessionNetwork extends Handle<NetworkInfo> {}

/** A dataset in a session's engine. */
export interface SessionDataset extends Handle<DatasetInfo> {}

/** Types of handles, and their words for errors. */
const handleTypes = {
  network: "a network of this session",
  dataset: "a dataset of this session, of addDataset",
} as const;

type HandleType = keyof typeof handleTypes;

/** What a handle stands for. */
interface Entry {
  readonly id: Id;
  readonly type: HandleType;
  /** Set from the call of `dispose` on, unless it fails. */
  disposal: Promise<void> | undefined;
}

/** Samples of a network in a session: a dataset for its only input, or a dataset for each input by name. */
export type SessionSamples = SessionDataset | Readonly<Record<string, SessionDataset>>;

/** The handles of one session. */
export class Handles {
  readonly #entries = new WeakMap<object, Entry>();

  /** Makes a handle; `free` frees what it stands for. */
  make<Info>(type: HandleType, { id, info }: Made<Info>, free: (id: Id) => Promise<void>): Handle<Info> {
    const entry: Entry = { id, type, disposal: undefined };
    const handle: Handle<Info> = {
      info,
      dispose: () => {
        entry.disposal ??= free(id).catch((error: unknown) => {
          entry.disposal = undefined;
          throw error;
        });
        return entry.disposal;
      },
    };
    this.#entries.set(handle, entry);
    return handle;
  }

  /**
   * The id of a dataset, or the ids of datasets by input.
   * @throws as `idOf`.
   */
  idsOf(who: string, samples: unknown): Id | Record<string, Id> {
    const isHandle = (value: unknown): boolean => has(value) && this.#entries.has(value);
    const entries = has(samples) && !isHandle(samples) && !Array.isArray(samples) ? Object.entries(samples) : [];
    // A dataset that isn't in the session is no such object.
    if (!entries.some(([, one]) => isHandle(one))) return this.idOf(who, samples, "dataset");
    return Object.fromEntries(
      entries.map(([name, one]) => [name, this.idOf(`${who}: ${inWords(name)}`, one, "dataset")]),
    );
  }

  /**
   * The id that a handle stands for.
   * @throws {RangeError} for anything but a handle of this session and type.
   * @throws {Error} for one that was disposed of.
   */
  idOf(who: string, handle: unknown, type: HandleType): Id {
    const entryOf = (value: unknown) => (has(value) ? this.#entries.get(value) : undefined);
    kind(handleTypes[type], (value) => entryOf(value)?.type === type)(handle, who);
    const entry = entryOf(handle)!;
    if (entry.disposal) throw new Error(`${who}: expected a ${type} in use, got one that was disposed of`);
    return entry.id;
  }
}
