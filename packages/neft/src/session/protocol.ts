import type { Dataset } from "@neft/data";
import type { DeviationResult, EvaluationProgress, EvaluationResult, Prediction } from "@neft/evaluation";
import type { CompiledKernels } from "@neft/kernels";
import type { OnnxFiles } from "@neft/onnx";
import type { EqualiseProgress, EqualiseResult, FinetuneProgress, FinetuneResult } from "@neft/training";
import type { Thrown, WorkerHandle } from "@neft/work";
import type { BackendInfo } from "../backend-info.js";
import type { ChunkUrls } from "../chunk-names.js";
import type { DatasetInfo, NetworkInfo } from "./handles.js";
import type { DatasetFiles } from "./session-options.js";

/** What a session and its engine send to each other. Types only: a page imports them without code. */

/** The first message to an engine. */
export interface EngineStart {
  readonly role: "engine";
  readonly kernels: CompiledKernels;
  /** Where the files on demand are, in browsers. */
  readonly chunkUrls?: ChunkUrls | undefined;
  /** Number of job workers. */
  readonly workers: number;
  /** Name of the lock that the engine holds until it ends, in browsers. */
  readonly lock?: string;
}

/** Checks that the host can start an engine; `who` is the name of the call in errors. Each module with a `SpawnEngine` has one. */
export type CheckHost = (who: string) => void;

/** Starts an engine in a worker. */
export type SpawnEngine = (start: EngineStart) => WorkerHandle | Promise<WorkerHandle>;

/** Id of a request, a network, a dataset or an upload. */
export type Id = number;

/** Progress of a call. */
export type Progress = EvaluationProgress | FinetuneProgress | EqualiseProgress;

/** A later message to an engine: a request, or the wish that one ends early. */
export type Request =
  | { readonly request: Id; readonly method: Method; readonly argument: unknown }
  | { readonly abort: Id };

/** A message of the engine about a request: its progress, or its end. */
export type Answer = { readonly answered: Id } & (
  | { readonly progress: Progress }
  | { readonly result: unknown }
  | { readonly thrown: Thrown }
);

/** A network or a dataset that the engine made, and what is known of it. */
export interface Made<Info> {
  readonly id: Id;
  readonly info: Info;
}

/** Files of a dataset, with uploads in place of bytes. */
export interface UploadedFiles extends Omit<DatasetFiles, "files"> {
  readonly files: readonly { readonly name: string; readonly bytes: Id }[];
}

/** Class of a dataset's values. */
export type SampleType = "Uint8Array" | "Float32Array";

/** A dataset with an upload in place of its values, and the class of these. */
export type UploadedDataset = Omit<Dataset, "values"> & { readonly values: Id; readonly type: SampleType };

/** A dataset, or a dataset for each input by name. */
export type SampleIds = Id | Readonly<Record<string, Id>>;

/** The argument of a call that rescales a network. The engine checks the options. */
export interface EqualiseArgument extends Omit<RunArgument, "data"> {
  readonly data: SampleIds | undefined;
}

/** Result of a call that rescales a network, with the engine's larger network in place of a model. */
export interface EqualiseAnswer extends Omit<EqualiseResult, "wide"> {
  readonly wide?: Made<NetworkInfo>;
}

/** The argument of a call that runs a network on data. The engine checks the options. */
export interface RunArgument {
  readonly network: Id;
  readonly data: SampleIds;
  readonly options: Readonly<Record<string, unknown>>;
}

/** What a method has besides its argument. */
export interface Running {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** The methods of an engine: each takes one argument. Bytes arrive as uploads, whole or in pieces. */
export interface EngineApi {
  info(argument: null): BackendInfo;
  upload(whole: { readonly id: Id; readonly bytes: Uint8Array<ArrayBuffer> }): void;
  /** Makes room for `length` bytes, which arrive by `addPiece`. */
  startUpload(upload: { readonly id: Id; readonly length: number }): void;
  addPiece(piece: { readonly id: Id; readonly at: number; readonly bytes: Uint8Array }): void;
  dropUploads(ids: readonly Id[]): void;
  importOnnx(file: {
    readonly bytes: Id;
    readonly externalData: readonly (readonly [location: string, bytes: Id])[];
    readonly embeddings: boolean;
  }): Promise<Made<NetworkInfo>>;
  addDataset(dataset: UploadedDataset): Made<DatasetInfo>;
  addFiles(files: UploadedFiles): Promise<Made<DatasetInfo>>;
  evaluate(argument: RunArgument, running: Running): Promise<EvaluationResult | DeviationResult>;
  finetune(argument: RunArgument, running: Running): Promise<FinetuneResult>;
  equalise(argument: EqualiseArgument, running: Running): Promise<EqualiseAnswer>;
  predict(argument: RunArgument, running: Running): Promise<Prediction | Prediction[]>;
  exportOnnx(network: Id): Uint8Array;
  exportOnnxFiles(network: Id): OnnxFiles;
  copy(network: Id): Made<NetworkInfo>;
  dispose(id: Id): void;
}

/** Name of a method of an engine. */
export type Method = keyof EngineApi;

/** The argument of a method. */
export type ArgumentOf<Name extends Method> = Parameters<EngineApi[Name]>[0];

/** The result of a method, awaited. */
export type ResultOf<Name extends Method> = Awaited<ReturnType<EngineApi[Name]>>;
