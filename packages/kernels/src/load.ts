import { checkOptions, kinds, type Rules } from "@neft/options";
import type * as Simd128 from "../wasm/simd128/crossbar_wasm.js";
import { guarded } from "./guard.js";
import { signaturesOf } from "./signatures.js";

/** The kernels of one build, as wasm-bindgen typed them; addresses are byte offsets into the linear memory. */
export type Kernels = Omit<typeof Simd128, "default" | "initSync">;

/** Which of the two builds runs: `simd128` gives the same bits on every machine, `relaxed` fuses multiply-adds. */
export type Build = "simd128" | "relaxed";

/** Choice of the build. */
export interface InitOptions {
  /** Ask for relaxed SIMD: about a fifth faster, the last bit depends on the machine. Default false. */
  readonly relaxed?: boolean;
}

const initRules: Rules<InitOptions> = { relaxed: kinds.flag };

/** What scripts/build-wasm.sh has exported besides. */
interface StackPointer {
  readonly __stack_pointer: WebAssembly.Global;
}

interface Loaded {
  readonly build: Build;
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

let loaded: Loaded | undefined;
let loading: { readonly build: Build; readonly done: Promise<void> } | undefined;

/** A module of one function that returns i32.x4.relaxed_trunc_f32x4_s of a constant: valid where relaxed SIMD is. */
const relaxedProbe = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
]);

/** Whether this engine runs relaxed SIMD. */
export function isRelaxedAvailable(): boolean {
  return WebAssembly.validate(relaxedProbe);
}

/**
 * Loads the kernels; await it once before anything else. Asking again for the same build does nothing.
 *
 * @throws {RangeError} for an option that isn't known.
 * @throws {Error} when another build was asked for before, or the engine lacks the SIMD the build needs.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, initRules);
  const build: Build = options.relaxed ? "relaxed" : "simd128";
  if (loading === undefined) {
    const done = load(build);
    loading = { build, done };
    done.catch(() => {
      loading = undefined;
    });
  } else if (loading.build !== build) {
    throw new Error(
      `init: expected the ${loading.build} build asked for first, got ${build}; one process runs one build`,
    );
  }
  return loading.done;
}

async function load(build: Build): Promise<void> {
  if (build === "relaxed" && !isRelaxedAvailable()) {
    throw new Error(
      "init: expected an engine with relaxed SIMD, got one without; Node 20 needs --experimental-wasm-relaxed-simd",
    );
  }
  const [bytes, glue] =
    build === "relaxed"
      ? await Promise.all([
          read(new URL("../wasm/relaxed/crossbar_wasm_bg.wasm", import.meta.url)),
          import("../wasm/relaxed/crossbar_wasm.js"),
        ])
      : await Promise.all([
          read(new URL("../wasm/simd128/crossbar_wasm_bg.wasm", import.meta.url)),
          import("../wasm/simd128/crossbar_wasm.js"),
        ]);
  const module = await WebAssembly.compile(bytes).catch((cause: unknown) => {
    throw new Error("init: expected an engine with WebAssembly SIMD, got one that rejects the module", { cause });
  });
  const exported = await glue.default({ module_or_path: module });
  // wasm-bindgen types functions and the memory only.
  const { memory, __stack_pointer: stackPointer } = exported as typeof exported & StackPointer;
  const kernels = guarded<Kernels>({ functions: glue, signatures: signaturesOf(bytes), stackPointer });
  loaded = { build, kernels, memory };
}

async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === "file:") {
    // In a variable, so that bundlers for the browser don't look for it.
    const specifier = "node:fs/promises";
    const files = (await import(/* webpackIgnore: true */ /* @vite-ignore */ specifier)) as {
      readFile(url: URL): Promise<Uint8Array<ArrayBuffer>>;
    };
    return files.readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`init: expected the kernels at ${url.href}, got HTTP status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
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
