import { checkOptions } from "@neft/options";
import { type CompiledKernels, compileKernels, type InitOptions, initRules, wantedBuild } from "./compile.js";
import { build as buildOfInstance, start } from "./instance.js";
import type { Build } from "./section.js";

let loading: { readonly build: Build | undefined; readonly done: Promise<void> } | undefined;

/**
 * Loads the kernels; await it once before anything else. Asking again for the same build does nothing.
 *
 * @throws {RangeError} for an option that isn't known, or a `wasm` that isn't a build of this release.
 * @throws {Error} when another build was asked for before; when the file can't be read; when the engine lacks the SIMD that the build
 *   needs, or the page's content-security policy forbids WebAssembly.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, initRules);
  const wanted = wantedBuild(options);
  if (loading === undefined) {
    const done = compileKernels(options).then(({ module }) => start(module));
    loading = { build: wanted, done };
    done.catch(() => {
      loading = undefined;
    });
  }
  await loading.done;
  const build = buildOfInstance();
  if (wanted !== undefined && wanted !== build) {
    throw new Error(`init: expected the ${build} build asked for first, got ${wanted}; one process runs one build`);
  }
}

/**
 * Starts the kernels of another thread at once, in place of `init`.
 * @throws {RangeError} when the module isn't a build of this release.
 */
export function initFrom({ module }: CompiledKernels): void {
  start(module);
  loading = { build: buildOfInstance(), done: Promise.resolve() };
}
