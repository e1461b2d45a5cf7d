import * as glue from "../wasm/crossbar_wasm.js";
import { type CompiledKernels, checkedSection } from "./compile.js";
import { guarded } from "./guard.js";
import type { Build, WasmModule } from "./section.js";

/** The kernels that this thread runs. Apart from load.ts, so that the public types reach no type that only browsers have. */

/** The kernels of one build, as wasm-bindgen typed them; addresses are byte offsets into the linear memory. */
export type Kernels = Omit<typeof glue, "default" | "initSync">;

/** Exports that wasm-bindgen doesn't type. */
interface StackPointer {
  readonly __stack_pointer: WebAssembly.Global;
}

interface Instance extends CompiledKernels {
  readonly build: Build;
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

let instance: Instance | undefined;

/** Starts the kernels of a compiled module in this thread. @throws {RangeError} when the module isn't a build of this release. */
export function start(module: WasmModule): void {
  const { build, signatures } = checkedSection(module);
  const exported = glue.initSync({ module }) as ReturnType<typeof glue.initSync> & StackPointer;
  const { memory, __stack_pointer: stackPointer } = exported;
  instance = { build, module, memory, kernels: guarded<Kernels>({ functions: glue, signatures, stackPointer }) };
}

function required(): Instance {
  if (instance === undefined) {
    throw new Error("kernels: expected init() to have finished, got a call before; await init() first");
  }
  return instance;
}

/** The compiled kernels, for another thread. @throws {Error} before init has finished. */
export function compiledKernels(): CompiledKernels {
  return { module: required().module };
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
