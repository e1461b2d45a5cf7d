import { setFlagsFromString } from "node:v8";

/** Node 20 knows relaxed SIMD but has it switched off; later versions need nothing. Before the first module is compiled. */
export function allowRelaxedSimd(): void {
  if (Number(process.versions.node.split(".")[0]) < 22) setFlagsFromString("--experimental-wasm-relaxed-simd");
}
