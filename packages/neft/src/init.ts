import { type InitOptions, init as initKernels } from "@neft/kernels";
import { checkOptions, kinds, type Rules } from "./optionRules.js";

const initRules: Rules<InitOptions> = { relaxed: kinds.flag };

/**
 * Loads the kernels; await it once before anything else. Asking again for the same build does nothing.
 * @throws {RangeError} for an option that isn't known.
 * @throws {Error} when another build was asked for before, or the engine lacks the SIMD the build needs.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, initRules);
  await initKernels(options);
}
