import { has, inWords, kind, kinds, type Rules } from "@neft/options";
import { read } from "#read";
import { codeHash } from "../wasm/code-hash.js";
import { fetched } from "./fetched.js";
import { type Build, type Section, sectionOf, type WasmModule } from "./section.js";

/** A source of the WebAssembly: its URL, a response with it, its bytes, or the compiled module. */
export type WasmSource = string | URL | Response | ArrayBuffer | ArrayBufferView | WasmModule;

/** Options of `init`. */
export interface InitOptions {
  /** Ask for relaxed SIMD: about a fifth faster, the last bit depends on the machine. Default false. */
  readonly relaxed?: boolean;
  /** The WebAssembly, one of the two .wasm files of this release. Default: the file next to the code. */
  readonly wasm?: WasmSource | Promise<WasmSource>;
}

/** Rules of `InitOptions`. */
export const initRules: Rules<InitOptions> = {
  relaxed: kinds.flag,
  wasm: kind("a URL, a Response, bytes or a WebAssembly.Module", (value) => typeof value === "string" || has(value)),
};

/** Compiled kernels, for another thread: postMessage can send them. */
export interface CompiledKernels {
  readonly module: WasmModule;
}

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

/** The build that the options ask for; undefined if a given `wasm` decides. */
export function wantedBuild({ relaxed, wasm }: InitOptions): Build | undefined {
  if (relaxed !== undefined) return relaxed ? "relaxed" : "simd128";
  return wasm === undefined ? "simd128" : undefined;
}

/**
 * Reads and compiles a build, without starting it in this thread.
 *
 * @throws {RangeError} when `wasm` isn't a build of this release, or another build than `relaxed` asks for.
 * @throws {Error} when the file can't be read, the engine lacks the SIMD that the build needs, or the page's content-security policy
 *   forbids WebAssembly.
 */
export async function compileKernels(options: InitOptions): Promise<CompiledKernels> {
  const build = wantedBuild(options);
  if (build === "relaxed" && !isRelaxedAvailable()) {
    throw new Error(
      "init: expected an engine with relaxed SIMD, got one without; Node 20 needs --experimental-wasm-relaxed-simd",
    );
  }
  const module = await compiled((await options.wasm) ?? (await readBuild(build ?? "simd128")));
  const section = checkedSection(module);
  if (build !== undefined && section.build !== build)
    throw new RangeError(`init: wasm: expected the ${build} build, got the ${section.build} build`);
  return { module };
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

/** The section of a compiled module. @throws {RangeError} when it isn't a build of this release. */
export function checkedSection(module: WasmModule): Section {
  const section = sectionOf(module);
  if (!section) throw new RangeError("init: wasm: expected neft's WebAssembly, got another module");
  if (section.codeHash !== codeHash) {
    throw new RangeError(
      `init: wasm: expected the WebAssembly of this release (${codeHash}), got that of another (${section.codeHash}); reload without caches`,
    );
  }
  return section;
}
