import { compiledKernels } from "@neft/kernels";
import type { Spawn } from "@neft/pool";
import { started, type WebWorkerClass } from "../started.js";

declare const Worker: WebWorkerClass;
declare const location: { readonly href: string };

/**
 * Starts a job worker from the file that this thread runs. It takes the place of `#spawn` in the bundle of the engine, whose address a
 * bundler may have changed.
 */
export const spawn: Spawn = (slot) =>
  started(new Worker(location.href, { type: "module" }), { role: "job", kernels: compiledKernels(), slot });
