import type { ArrayNames, Part } from "@neft/data";
import type { InitOptions } from "@neft/kernels";
import type { EqualiseResult } from "@neft/training";
import type { PredictOptions } from "../predict.js";
import type { EqualiseOptions, EvaluateOptions, FinetuneOptions } from "../settings.js";
import type { SessionDataset, SessionNetwork, SessionSamples } from "./handles.js";

/** Options of `createSession`. */
export interface SessionOptions extends InitOptions {
  /** Number of job workers besides the engine. Default: the number of hardware threads, at most 8. */
  readonly workers?: number;
}

/** How bytes reach the engine, and what ends the call. */
export interface SendOptions {
  /**
   * Moves the memory of the bytes to the engine, which the caller can't use afterwards, instead of copying it. Bytes that are a part of a
   * larger buffer, or in shared memory, are copied all the same. Default: false.
   */
  readonly transfer?: boolean;
  readonly signal?: AbortSignal;
}

/** Options of a session's `importOnnx`. */
export interface SessionImportOptions extends SendOptions {
  /** Contents of external weight files by location. Default: none. */
  readonly externalData?: Readonly<Record<string, Uint8Array>>;
  /** As of `importOnnx`: whether tables of embeddings are weights on crossbars. Default: false. */
  readonly embeddings?: boolean;
}

/** Files of a dataset, which the engine decodes. */
export interface DatasetFiles {
  readonly kind: "idx" | "cifar10" | "npz" | "npy";
  /** Default: the names of the files. */
  readonly name?: string | undefined;
  /** The part of an archive to read, if it has several. */
  readonly part?: Part | undefined;
  /** The arrays of an archive to read, if it has several. */
  readonly arrays?: ArrayNames | undefined;
  /** Chooses the part if neither is given: `train` never reads test or validation samples. */
  readonly purpose?: "train" | "test" | undefined;
  /**
   * idx: the images and the labels, or the images alone. cifar10: one file or more. npz and npy: one file. Each plain or gzipped, npz and
   * npy excepted.
   */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/** Options of a session's `evaluate`: those of the function, with a dataset of the session. */
export interface SessionEvaluateOptions extends Omit<EvaluateOptions, "workers" | "temperatureData"> {
  readonly temperatureData?: SessionDataset | undefined;
}

/** Options of a session's `finetune`: those of the function, with datasets of the session, and without checkpoints during the run. */
export interface SessionFinetuneOptions
  extends Omit<FinetuneOptions, "workers" | "validationData" | "onCheckpoint" | "checkpointEvery"> {
  readonly validationData?: SessionSamples | undefined;
}

/** Options of a session's `equalise`: those of the function, with datasets of the session. */
export interface SessionEqualiseOptions extends Omit<EqualiseOptions, "data"> {
  readonly data?: SessionSamples | undefined;
}

/** Result of a session's `equalise`: that of the function, with a network of the session in place of a model. */
export interface SessionEqualiseResult extends Omit<EqualiseResult, "wide"> {
  /** With an area above 1: the network with outputs of weights written several times. */
  readonly wide?: SessionNetwork;
}

/** Options of a session's `predict`: those of the function. */
export interface SessionPredictOptions extends PredictOptions {
  readonly signal?: AbortSignal | undefined;
}
