/** WebAssembly type of a parameter; `other` for types that no kernel takes. */
export type NumberType = "i32" | "i64" | "f32" | "f64" | "other";

/**
 * A compiled module. Its type is that of the platform; types for Node alone have none, and there it is an object.
 */
export type WasmModule = typeof globalThis extends {
  readonly WebAssembly: { readonly Module: { readonly prototype: infer Module } };
}
  ? Module
  : object;

/** Which of the two builds runs: `simd128` gives the same bits on every machine, `relaxed` fuses multiply-adds. */
export type Build = "simd128" | "relaxed";

/** Contents of a module's custom section `neft`, which scripts/wasm-section.mjs writes. */
export interface Section {
  readonly build: Build;
  /** Hash of the code of both builds and of their glue code. */
  readonly codeHash: string;
  /** Parameter types of the exported functions, by name. */
  readonly signatures: Readonly<Record<string, readonly NumberType[]>>;
}

/** Reads the section `neft` of a compiled module; undefined without one. */
export function sectionOf(module: WasmModule): Section | undefined {
  const [section] = WebAssembly.Module.customSections(module, "neft");
  return section && (JSON.parse(new TextDecoder().decode(section)) as Section);
}
