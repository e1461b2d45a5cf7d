import { initFrom } from "@neft/kernels";
import { serveWeb } from "@neft/pool";
import { createTrainingWorker } from "@neft/training";
import type { WorkerStart } from "./worker-start.js";

/**
 * Entry point of a browser worker; the build bundles it into one file, worker.js. The first message has everything the worker needs to start.
 * Nothing may be awaited before the listener exists: messages posted earlier would be lost.
 */
const scope = globalThis as unknown as {
  addEventListener(
    type: "message",
    listener: (event: { readonly data: unknown }) => void,
    options: { readonly once: true },
  ): void;
};
scope.addEventListener(
  "message",
  ({ data }) => {
    const { kernels, slot, lock } = data as WorkerStart;
    initFrom(kernels);
    serveWeb(createTrainingWorker(), slot, lock);
  },
  { once: true },
);
