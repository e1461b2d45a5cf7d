import { checkOptions } from "@neft/options";
import * as glue from "../wasm/crossbar_wasm.js";
import {
  type CompiledKernels,
  checkedSection,
  compileKernels,
  type InitOptions,
  initRules,
  wantedBuild,
} from "./compile.js";
import { guarded } from "./guard.js";
import type { Build } from "./section.js";

/** The kernels of one build, as wasm-bindgen typed them; addresses are byte offsets into the linear memory. */
export type Kernels = Omit<typeof glue, "default" | "initSync">;

/** Exports that wasm-bindgen doesn't type. */
interface StackPointer {
  readonly __stack_pointer: WebAssembly.Global;
}

interface Loaded extends CompiledKernels {
  readonly build: Build;
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

let loaded: Loaded | undefined;
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
  const { build } = required();
  if (wanted !== undefined && wanted !== build) {
    throw new Error(`init: expected the ${build} build asked for first, got ${wanted}; one process runs one build`);
  }
}

/** Starts the kernels of a compiled module in this thread. */
function start(module: WebAssembly.Module): void {
  const { build, signatures } = checkedSection(module);
  const exported = glue.initSync({ module }) as ReturnType<typeof glue.initSync> & StackPointer;
  const { memory, __stack_pointer: stackPointer } = exported;
  loaded = { build, module, memory, kernels: guarded<Kernels>({ functions: glue, signatures, stackPointer }) };
}

/**
 * Starts the kernels of another thread at once, in place of `init`.
 * @throws {RangeError} when the module isn't a build of this release.
 */
export function initFrom({ module }: CompiledKernels): void {
  start(module);
  loading = { build: required().build, done: Promise.resolve() };
}

/** The compiled kernels, for another thread. @throws {Error} before init has finished. */
export function compiledKernels(): CompiledKernels {
  return { module: required().module };
}

function required(): Loaded {
  if (loaded === undefined) {
    throw new Error("kernels: expected init() to have finished, got a call before; await init() first");
  }
  return loaded;
}

/** The build that runs. @throws {Error} before init has finished. */
export function build(): Build {
  return required().build;
}

/** The kernels. @throws {Error} before init has finished. */
export function wasm(): Kernels {
  return required().kernels;
}

/** The linear memory; its buffer is replaced whenever it grows, so never keep it. @throws {Error} before init has finished. */
export function linearMemory(): WebAssembly.Memory {
  return required().memory;
}
