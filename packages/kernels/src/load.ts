import { checkOptions, has, inWords, kind, kinds, type Rules } from "@neft/options";
import { read } from "#read";
import { codeHash } from "../wasm/code-hash.js";
import * as glue from "../wasm/crossbar_wasm.js";
import { fetched } from "./fetched.js";
import { guarded } from "./guard.js";
import { type Build, type Section, sectionOf } from "./section.js";

/** The kernels of one build, as wasm-bindgen typed them; addresses are byte offsets into the linear memory. */
export type Kernels = Omit<typeof glue, "default" | "initSync">;

/** A source of the WebAssembly: its URL, a response with it, its bytes, or the compiled module. */
export type WasmSource = string | URL | Response | ArrayBuffer | ArrayBufferView | WebAssembly.Module;

/** Options of `init`. */
export interface InitOptions {
  /** Ask for relaxed SIMD: about a fifth faster, the last bit depends on the machine. Default false. */
  readonly relaxed?: boolean;
  /** The WebAssembly, one of the two .wasm files of this release. Default: the file next to the code. */
  readonly wasm?: WasmSource | Promise<WasmSource>;
}

const initRules: Rules<InitOptions> = {
  relaxed: kinds.flag,
  wasm: kind("a URL, a Response, bytes or a WebAssembly.Module", (value) => typeof value === "string" || has(value)),
};

/** Exports that wasm-bindgen doesn't type. */
interface StackPointer {
  readonly __stack_pointer: WebAssembly.Global;
}

/** Compiled kernels, for another thread: postMessage can send them. */
export interface CompiledKernels {
  readonly module: WebAssembly.Module;
}

interface Loaded extends CompiledKernels {
  readonly build: Build;
  readonly kernels: Kernels;
  readonly memory: WebAssembly.Memory;
}

let loaded: Loaded | undefined;
let loading: { readonly build: Build | undefined; readonly done: Promise<void> } | undefined;

/** A module of one function that returns i32.x4.relaxed_trunc_f32x4_s of a constant: valid where relaxed SIMD is. */
const relaxedProbe = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
]);

/** A module of one function that returns v128.const 0: valid where SIMD is. */
const simdProbe = Uint8Array.from([
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 22, 1, 20, 0, 253, 12],
  ...Array.from({ length: 16 }, () => 0),
  11,
]);

/** The empty module. */
const emptyModule = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]);

/** Whether this engine runs SIMD, which both builds need. */
export function isSimdAvailable(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(simdProbe);
}

/** Whether this engine runs relaxed SIMD. */
export function isRelaxedAvailable(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(relaxedProbe);
}

/**
 * Loads the kernels; await it once before anything else. Asking again for the same build does nothing.
 *
 * @throws {RangeError} for an option that isn't known, or a `wasm` that isn't a build of this release.
 * @throws {Error} when another build was asked for before; when the file can't be read; when the engine lacks the SIMD that the build
 *   needs, or the page's content-security policy forbids WebAssembly.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, initRules);
  const { wasm: source } = options;
  // A module names its own build.
  const wanted: Build | undefined =
    options.relaxed === undefined
      ? source === undefined
        ? "simd128"
        : undefined
      : options.relaxed
        ? "relaxed"
        : "simd128";
  if (loading === undefined) {
    const done = load(wanted, source);
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

async function load(build: Build | undefined, source: InitOptions["wasm"]): Promise<void> {
  if (build === "relaxed" && !isRelaxedAvailable()) {
    throw new Error(
      "init: expected an engine with relaxed SIMD, got one without; Node 20 needs --experimental-wasm-relaxed-simd",
    );
  }
  const module = await compiled((await source) ?? (await readBuild(build ?? "simd128")));
  const section = checkedSection(module);
  if (build !== undefined && section.build !== build)
    throw new RangeError(`init: wasm: expected the ${build} build, got the ${section.build} build`);
  start(module, section);
}

/** Reads a build's file. The URLs are literals, because bundlers look for these. */
function readBuild(build: Build): Promise<Uint8Array<ArrayBuffer>> {
  return build === "relaxed"
    ? read(new URL("../wasm/relaxed.wasm", import.meta.url))
    : read(new URL("../wasm/simd128.wasm", import.meta.url));
}

async function compiled(source: WasmSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== "object")
    throw new Error("init: expected an engine with WebAssembly, got one without; it may be switched off");
  if (source instanceof WebAssembly.Module) return source;
  const bytes = await bytesOf(source);
  return WebAssembly.compile(bytes).catch(async (cause: unknown) => {
    throw new Error(`init: ${await reasonNotToCompile()}`, { cause });
  });
}

async function bytesOf(source: WasmSource): Promise<BufferSource> {
  if (source instanceof ArrayBuffer) return source;
  // A copy, because the engine compiles no shared memory.
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  if (source instanceof Response) return fetched(source);
  if (source instanceof URL) return read(source);
  if (typeof source !== "string")
    throw new RangeError(
      `init: wasm: expected a URL, a Response, bytes or a WebAssembly.Module, got ${inWords(source)}`,
    );
  // A page's relative URL; elsewhere the URL must be absolute.
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  if (!URL.canParse(source, location?.href))
    throw new RangeError(`init: wasm: expected an absolute URL, got ${inWords(source)}`);
  return read(new URL(source, location?.href));
}

/** Says why the engine doesn't compile a module: a policy forbids even the empty one. */
async function reasonNotToCompile(): Promise<string> {
  const isForbidden = await WebAssembly.compile(emptyModule).then(
    () => false,
    () => true,
  );
  if (isForbidden)
    return "expected a content-security policy that allows WebAssembly, got one that forbids it; add 'wasm-unsafe-eval' to its script-src";
  return isSimdAvailable()
    ? "expected the WebAssembly of this release, got bytes that the engine rejects"
    : "expected an engine with WebAssembly SIMD, got one without";
}

function checkedSection(module: WebAssembly.Module): Section {
  const section = sectionOf(module);
  if (!section) throw new RangeError("init: wasm: expected neft's WebAssembly, got another module");
  if (section.codeHash !== codeHash) {
    throw new RangeError(
      `init: wasm: expected the WebAssembly of this release (${codeHash}), got that of another (${section.codeHash}); reload without caches`,
    );
  }
  return section;
}

function start(module: WebAssembly.Module, { build, signatures }: Section): void {
  const exported = glue.initSync({ module }) as ReturnType<typeof glue.initSync> & StackPointer;
  const { memory, __stack_pointer: stackPointer } = exported;
  loaded = { build, module, memory, kernels: guarded<Kernels>({ functions: glue, signatures, stackPointer }) };
}

/**
 * Starts the kernels of another thread at once, in place of `init`.
 * @throws {RangeError} when the module isn't a build of this release.
 */
export function initFrom({ module }: CompiledKernels): void {
  start(module, checkedSection(module));
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
