// Download size of the kernels: each .wasm, gzipped.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { atMost } from "../harness/record.mjs";

const limit = 120_000;

/** Measures both builds' files. */
export async function run({ record }) {
  for (const build of ["simd128", "relaxed"]) {
    const file = new URL(`../../packages/kernels/wasm/${build}.wasm`, import.meta.url);
    const bytes = readFileSync(file);
    if (!WebAssembly.validate(bytes) && build === "simd128") throw new Error("size: expected a valid module, got none");
    const ours = gzipSync(bytes, { level: 9 }).length / 1e3;
    const peer = limit / 1e3;
    const ratio = ours / peer;
    record({
      what: `${build}.wasm, gzipped`,
      build,
      ours,
      peer,
      peerName: "limit",
      unit: "kB",
      ratio,
      goal: atMost(1),
    });
  }
}
