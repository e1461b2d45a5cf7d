import { benchmark, importOnnx, init } from "neft";
import type { BenchmarkAnswer, BenchmarkRequest } from "./benchmark.js";

/** A worker that measures a network on one thread of this device. */

const answer = (message: BenchmarkAnswer): void => postMessage(message);

addEventListener("message", async ({ data: { bytes, options } }: MessageEvent<BenchmarkRequest>) => {
  try {
    await init();
    const onProgress = ({ done, total }: { readonly done: number; readonly total: number }): void =>
      answer({ done, total });
    answer({ result: await benchmark(importOnnx(bytes), { ...options, onProgress }) });
  } catch (error) {
    answer({ error: (error as Error).message });
  }
});
