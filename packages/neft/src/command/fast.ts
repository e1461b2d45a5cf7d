import { setFlagsFromString } from "node:v8";

/** Enables relaxed SIMD in Node 20, which has it behind a flag; later versions need no flag. Call before compiling any module. */
export function allowRelaxedSimd(): void {
  if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");
}
