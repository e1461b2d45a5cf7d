import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { gzipSync } from "node:zlib";
import { init, isRelaxedAvailable, wasm } from "@neft/kernels";
import { expect, test } from "vitest";

if (!isRelaxedAvailable()) setFlagsFromString("--experimental-wasm-relaxed-simd");
const folder = new URL("../wasm/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, folder));

test("both builds are small, match BUILD.json and contain no path of the build machine", () => {
  const record = JSON.parse(read("BUILD.json").toString()) as Record<string, string> & {
    bytes: Record<string, { raw: number; gzip: number }>;
  };
  for (const name of ["simd128", "relaxed"]) {
    const wasm = read(`${name}.wasm`);
    expect(record.bytes[name]!.raw).toBe(wasm.length);
    expect(gzipSync(wasm, { level: 9 }).length).toBeLessThanOrEqual(120_000);
    for (const file of [wasm, read("crossbar_wasm.js")])
      expect(file.toString("latin1")).not.toMatch(/\/(home|root|Users|work|tmp)\//);
  }
  for (const tool of ["rustc", "wasmBindgen", "wasmPack", "binaryen"]) expect(record[tool]).toMatch(/^\d/);
});

test("both builds export the same functions", async () => {
  await init();
  const [simd128, relaxed] = await Promise.all(
    ["simd128", "relaxed"].map((name) => WebAssembly.Module.exports(new WebAssembly.Module(read(`${name}.wasm`)))),
  );
  expect(relaxed!.map((e) => e.name).sort()).toEqual(simd128!.map((e) => e.name).sort());
  expect(Object.keys(wasm())).toContain("gemm");
});
