import type { Dataset } from "@neft/data";
import type { DeviationResult, EvaluationResult, Prediction } from "@neft/evaluation";
import { compileKernels, initRules } from "@neft/kernels";
import type { OnnxFiles } from "@neft/onnx";
import { checkOptions, checkPlain, has, inWords, isListOf, kind, kinds, optional, type Rules } from "@neft/options";
import type { FinetuneResult } from "@neft/training";
import { mostWorkers } from "@neft/work";
import { checkHost, spawnEngine } from "#spawn";
import type { BackendInfo } from "../backend-info.js";
import { callArguments } from "../call-rules.js";
import { keepErrorClasses } from "../errors.js";
import { threadsOfMachine } from "../threads.js";
import { EngineLink } from "./engine-link.js";
import { Handles, type SessionDataset, type SessionNetwork, type SessionSamples } from "./handles.js";
import type { ArgumentOf, Id, Made, ResultOf, RunArgument, SampleType } from "./protocol.js";
import type {
  DatasetFiles,
  SendOptions,
  SessionEqualiseOptions,
  SessionEqualiseResult,
  SessionEvaluateOptions,
  SessionFinetuneOptions,
  SessionImportOptions,
  SessionOptions,
  SessionPredictOptions,
} from "./session-options.js";
import { attachedRule, compact, upload } from "./upload.js";

const sessionRules: Rules<SessionOptions> = {
  ...initRules,
  workers: kind(
    `a whole number from 1 to ${mostWorkers}`,
    (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= mostWorkers,
  ),
};

const signalRule = kind(...callArguments.signal);
const progressRule = kind(...callArguments.onProgress);
const sendRules: Rules<SendOptions> = { transfer: kinds.flag, signal: signalRule };
const importRules: Rules<SessionImportOptions> = {
  ...sendRules,
  externalData: kind("files' bytes by location", (value) => has(value)),
  embeddings: kinds.flag,
};

/** Most job workers without the option: more seldom help, and each takes memory. */
const mostDefaultWorkers = 8;

/** Milliseconds after an abort in which a finetuning can still give its result, with the best weights so far. */
const finetuneGrace = 800;

/** Methods of the engine that run a network on data. */
type RunMethod = "evaluate" | "finetune" | "predict";

/**
 * Starts a session: an engine in a worker of its own, with job workers, so that the calling thread stays free. Works on a page, in an app's
 * own worker and in Node. `init` isn't needed.
 *
 * The session keeps a Node process alive only while a call is in progress.
 * @throws {RangeError} for an unknown or invalid option, or a `wasm` that isn't a build of this release.
 * @throws {Error} if the WebAssembly can't be read or compiled, the engine doesn't start, or a browser's file runs in Node.
 */
export async function createSession(options: SessionOptions = {}): Promise<Session> {
  checkHost("createSession");
  checkOptions("createSession", options, sessionRules);
  const { workers = Math.min(threadsOfMachine(), mostDefaultWorkers), ...init } = options;
  keepErrorClasses();
  const kernels = await compileKernels(init);
  const link = new EngineLink(await spawnEngine({ role: "engine", kernels, workers }));
  try {
    return make(link, { ...(await link.request("info", null, { who: "createSession" })), workers });
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** Makes a session; only `createSession` does. */
let make: (link: EngineLink, info: Session["info"]) => Session;

/** Networks and datasets in an engine, and the calls on them. `createSession` makes one. */
export class Session {
  /** The engine's build and capabilities, and its number of job workers. */
  readonly info: BackendInfo & { readonly workers: number };
  readonly #link: EngineLink;
  readonly #handles = new Handles();

  static {
    make = (link, info) => new Session(link, info);
  }

  private constructor(link: EngineLink, info: Session["info"]) {
    this.#link = link;
    this.info = info;
  }

  /**
   * Imports an ONNX file, as `importOnnx` does. Don't change the bytes before the promise resolves.
   * @throws {RangeError} for an unknown option, or an argument that isn't bytes.
   * @throws {OnnxError} as `importOnnx`.
   * @throws the signal's reason if it aborts.
   */
  async importOnnx(bytes: Uint8Array, options: SessionImportOptions = {}): Promise<SessionNetwork> {
    kinds.bytes(bytes, "importOnnx: bytes");
    checkOptions("importOnnx", options, importRules);
    const external = Object.entries(options.externalData ?? {});
    const sent = external.map(([location, file]) => [`externalData: ${inWords(location)}`, file] as const);
    for (const [name, file] of sent) kinds.bytes(file, `importOnnx: ${name}`);
    const made = await this.#send("importOnnx", [["bytes", bytes], ...sent], options, ([id, ...ids]) => ({
      bytes: id!,
      externalData: external.map(([location], i) => [location, ids[i]!] as const),
      embeddings: options.embeddings ?? false,
    }));
    return this.#network(made);
  }

  /**
   * Adds a dataset: samples made here, or files that the engine decodes. Don't change either before the promise resolves.
   * @throws {RangeError} for an unknown option, or a dataset that isn't valid.
   * @throws {Error} for files that aren't of their kind.
   * @throws the signal's reason if it aborts.
   */
  async addDataset(dataset: Dataset | DatasetFiles, options: SendOptions = {}): Promise<SessionDataset> {
    checkOptions("addDataset", options, sendRules);
    const made = await (isFiles(dataset) ? this.#addFiles(dataset, options) : this.#addSamples(dataset, options));
    return this.#handles.make("dataset", made, (id) => this.#dispose(id));
  }

  /**
   * Measures a network on chips, as `evaluate` does: the same numbers.
   * @throws as `evaluate`; the signal's reason as soon as it aborts; an Error if the engine or the session ends.
   */
  evaluate(
    network: SessionNetwork,
    data: SessionDataset,
    options?: SessionEvaluateOptions & { readonly reference?: undefined },
  ): Promise<EvaluationResult>;
  evaluate(
    network: SessionNetwork,
    data: SessionSamples,
    options: SessionEvaluateOptions & { readonly reference: "clean" },
  ): Promise<DeviationResult>;
  evaluate(
    network: SessionNetwork,
    data: SessionSamples,
    options?: SessionEvaluateOptions,
  ): Promise<EvaluationResult | DeviationResult>;
  async evaluate(
    network: SessionNetwork,
    data: SessionSamples,
    options: SessionEvaluateOptions = {},
  ): Promise<EvaluationResult | DeviationResult> {
    checkPlain("evaluate", options);
    const { temperatureData, onProgress, ...rest } = options;
    const temperature =
      temperatureData === undefined
        ? {}
        : { temperatureData: this.#handles.idOf("evaluate: temperatureData", temperatureData, "dataset") };
    return this.#run("evaluate", [network, data], { ...rest, ...temperature }, { onProgress });
  }

  /**
   * Finetunes a network in place in the engine, as `finetune` does: the same weights. No other call can use the network meanwhile.
   *
   * After an abort the result has the best weights so far, as that of `finetune`. If the engine can't give it within 0.8 s, the call
   * rejects with the signal's reason, and the network gets these weights when the engine is done.
   * @throws as `finetune`; an Error if the engine or the session ends.
   */
  async finetune(
    network: SessionNetwork,
    data: SessionSamples,
    options: SessionFinetuneOptions = {},
  ): Promise<FinetuneResult> {
    checkPlain("finetune", options);
    const { validationData, onProgress, ...rest } = options;
    const validation =
      validationData === undefined
        ? {}
        : { validationData: this.#handles.idsOf("finetune: validationData", validationData) };
    return this.#run("finetune", [network, data], { ...rest, ...validation }, { onProgress, grace: finetuneGrace });
  }

  /**
   * Rescales a network in place in the engine, as `equalise` does: the same weights. No other call can use the network meanwhile.
   * With an area above 1, `wide` of the result is a further network of the session.
   * @throws as `equalise`; the signal's reason as soon as it aborts; an Error if the engine or the session ends.
   */
  async equalise(network: SessionNetwork, options: SessionEqualiseOptions = {}): Promise<SessionEqualiseResult> {
    checkPlain("equalise", options);
    const { data, signal, onProgress, ...rest } = options;
    optional(signalRule)(signal, "signal");
    optional(progressRule)(onProgress, "onProgress");
    const argument = {
      network: this.#handles.idOf("equalise: network", network, "network"),
      data: data && this.#handles.idsOf("equalise: data", data),
      options: rest as RunArgument["options"],
    };
    const { wide, ...result } = await this.#link.request("equalise", argument, { signal, onProgress });
    return { ...result, ...(wide && { wide: this.#network(wide) }) };
  }

  /**
   * Computes class scores, as `predict` does; with `chips`, on so many chips from number `chip` on: a list with one prediction per chip.
   * @throws as `predict`; the signal's reason as soon as it aborts; an Error if the engine or the session ends.
   */
  predict(
    network: SessionNetwork,
    data: SessionDataset,
    options: SessionPredictOptions & { readonly chips: number },
  ): Promise<Prediction[]>;
  predict(network: SessionNetwork, data: SessionDataset, options?: SessionPredictOptions): Promise<Prediction>;
  async predict(
    network: SessionNetwork,
    data: SessionDataset,
    options: SessionPredictOptions = {},
  ): Promise<Prediction | Prediction[]> {
    checkPlain("predict", options);
    return this.#run("predict", [network, data], options);
  }

  /** Writes a network as ONNX bytes, as `exportOnnx` does. @throws as `exportOnnx`. */
  async exportOnnx(network: SessionNetwork): Promise<Uint8Array> {
    return this.#of("exportOnnx", network);
  }

  /** Writes a network and its external weights, as `exportOnnxFiles` does. @throws as `exportOnnxFiles`. */
  async exportOnnxFiles(network: SessionNetwork): Promise<OnnxFiles> {
    return this.#of("exportOnnxFiles", network);
  }

  /** Copies a network, so that one of the two can be finetuned. @throws {Error} while a finetuning changes the network. */
  async copy(network: SessionNetwork): Promise<SessionNetwork> {
    return this.#network(await this.#of("copy", network));
  }

  /** Ends the engine and its workers. Calls in progress reject, and so do later ones. */
  async close(): Promise<void> {
    return this.#link.close();
  }

  async #of<Name extends "exportOnnx" | "exportOnnxFiles" | "copy">(
    method: Name,
    network: SessionNetwork,
  ): Promise<ResultOf<Name>> {
    return this.#link.request<Name>(method, this.#handles.idOf(method, network, "network") as ArgumentOf<Name>);
  }

  #network(made: Made<SessionNetwork["info"]>): SessionNetwork {
    return this.#handles.make("network", made, (id) => this.#dispose(id));
  }

  #dispose(id: Id): Promise<void> {
    return this.#link.request("dispose", id);
  }

  #addSamples(dataset: Dataset, options: SendOptions): Promise<Made<SessionDataset["info"]>> {
    const values: unknown = has(dataset, "values") ? dataset.values : undefined;
    samplesRule(values, "addDataset: values");
    const type = tagOf(values) as SampleType;
    const { name, count, shape, layout, classes, bytes, arrays } = dataset;
    const labels = compact(dataset.labels, "addDataset: labels");
    const rest = { name, labels, count, shape, layout, classes, bytes, ...(arrays && { arrays }) };
    return this.#send("addDataset", [["values", dataset.values]], options, ([id]) => ({
      ...rest,
      values: id!,
      type,
    }));
  }

  /** The engine checks all members but the bytes. */
  #addFiles(given: DatasetFiles, options: SendOptions): Promise<Made<SessionDataset["info"]>> {
    checkPlain("addDataset", given, "a dataset's files");
    const { files, ...rest } = given;
    filesRule(files, "addDataset: files");
    const sent = files.map(({ name, bytes }) => [inWords(name), bytes] as const);
    for (const [name, bytes] of sent) kinds.bytes(bytes, `addDataset: ${name}`);
    return this.#send("addFiles", sent, options, (ids) => ({
      ...rest,
      files: files.map(({ name }, i) => ({ name, bytes: ids[i]! })),
    }));
  }

  /** Sends bytes, then calls the method of the engine that makes a thing of them. */
  async #send<Name extends "importOnnx" | "addDataset" | "addFiles">(
    method: Name,
    files: readonly (readonly [name: string, bytes: ArrayBufferView])[],
    { transfer = false, signal }: SendOptions,
    argumentOf: (uploads: readonly Id[]) => ArgumentOf<Name>,
  ): Promise<ResultOf<Name>> {
    const ids = files.map(() => this.#link.nextId());
    const call = { who: method === "importOnnx" ? method : "addDataset", signal };
    try {
      for (const [i, [name, bytes]] of files.entries()) {
        attachedRule(bytes, `${call.who}: ${name}`);
        await upload(this.#link, ids[i]!, bytes, { ...call, transfer });
      }
      // A thing that arrives after an abort has no handle.
      const drop = ({ id }: ResultOf<Name>): void => void this.#dispose(id).catch(() => {});
      return await this.#link.request(method, argumentOf(ids), { ...call, drop });
    } catch (error) {
      this.#link.request("dropUploads", ids).catch(() => {});
      throw error;
    }
  }

  /** Runs a call of the engine. Signal and callback stay here; the engine checks all other options. */
  async #run<Name extends RunMethod>(
    method: Name,
    [network, data]: readonly [SessionNetwork, SessionSamples],
    { signal, ...options }: { readonly signal?: AbortSignal | undefined },
    {
      onProgress,
      grace = 0,
    }: { readonly onProgress?: ((progress: never) => void) | undefined; readonly grace?: number } = {},
  ): Promise<ResultOf<Name>> {
    const argument: RunArgument = {
      network: this.#handles.idOf(`${method}: network`, network, "network"),
      data: this.#handles.idsOf(`${method}: data`, data),
      options: options as RunArgument["options"],
    };
    optional(signalRule)(signal, "signal");
    optional(progressRule)(onProgress, "onProgress");
    return this.#link.request<Name>(method, argument as ArgumentOf<Name>, { signal, onProgress, grace });
  }
}

const tagOf = (value: unknown): unknown => ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag];

/** The engine checks all other members of a dataset. */
const samplesRule = kind("a Uint8Array or a Float32Array", (value) =>
  ["Uint8Array", "Float32Array"].includes(tagOf(value) as string),
);

const filesRule = kind(
  "a list of files with name and bytes",
  isListOf((file) => has(file, "name", "bytes")),
);

/** Whether a dataset is given as files. */
const isFiles = (dataset: Dataset | DatasetFiles): dataset is DatasetFiles => has(dataset, "files");
