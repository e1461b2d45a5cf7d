import type { Dataset } from "./engine.js";

/** A file's name and contents. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface DecodeRequest {
  readonly files: readonly NamedBytes[];
  /** Chooses the part of an archive with several. */
  readonly purpose: "train" | "test";
}

export type DecodeAnswer = { readonly dataset: Dataset } | { readonly error: string };

/**
 * Decodes the files of a dataset in a worker of its own.
 * @throws {Error} with the decoder's message, or when the worker fails.
 */
export async function readDataset(files: readonly NamedBytes[], purpose: "train" | "test"): Promise<Dataset> {
  const worker = new Worker(new URL("./decode-worker.ts", import.meta.url), { type: "module" });
  try {
    const answer = await new Promise<DecodeAnswer>((resolve, reject) => {
      worker.addEventListener("message", ({ data }: MessageEvent<DecodeAnswer>) => resolve(data));
      worker.addEventListener("error", ({ message }) => reject(new Error(message || "the decoder can't be loaded")));
      const request: DecodeRequest = { files, purpose };
      worker.postMessage(request);
    });
    if ("error" in answer) throw new Error(answer.error);
    return answer.dataset;
  } finally {
    worker.terminate();
  }
}
