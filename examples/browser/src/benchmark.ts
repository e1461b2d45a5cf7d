import type { BenchmarkOptions, BenchmarkResult } from "neft";

export type { BenchmarkResult };

export interface BenchmarkRequest {
  readonly bytes: Uint8Array;
  readonly options: BenchmarkOptions;
}

export type BenchmarkAnswer =
  | { readonly done: number; readonly total: number }
  | { readonly result: BenchmarkResult }
  | { readonly error: string };

/**
 * Measures a network in a worker of its own, which ends with the measurement.
 * @throws {Error} with the library's message; the signal's reason if it aborts.
 */
export async function measureNetwork(
  request: BenchmarkRequest,
  { onProgress, signal }: { readonly onProgress: (done: number, total: number) => void; readonly signal: AbortSignal },
): Promise<BenchmarkResult> {
  const worker = new Worker(new URL("./benchmark-worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<BenchmarkResult>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      worker.addEventListener("error", ({ message }) => reject(new Error(message || "the benchmark can't be loaded")));
      worker.addEventListener("message", ({ data }: MessageEvent<BenchmarkAnswer>) => {
        if ("result" in data) resolve(data.result);
        else if ("error" in data) reject(new Error(data.error));
        else onProgress(data.done, data.total);
      });
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}
