// Last step of build-wasm.sh: node scripts/finish-wasm.mjs FOLDER '{"rustc": "1.96.0", …}'
// FOLDER holds simd128/ and relaxed/ as wasm-bindgen and wasm-opt wrote them. Writes into it
//   simd128.wasm, relaxed.wasm                  with the custom section `neft`
//   crossbar_wasm.js, crossbar_wasm.d.ts        the glue code, the same for both builds
//   code-hash.js, code-hash.d.ts                hash of the code, by which the glue code recognises its .wasm files
//   BUILD.json                                  versions of the tools, sizes in bytes
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { signaturesOf, withSection } from "./wasm-section.mjs";

/** Largest size of a .wasm file, gzipped, in bytes. */
const limit = 120_000;
const builds = ["simd128", "relaxed"];
const [folder, tools] = process.argv.slice(2);
const read = (build, name) => readFileSync(join(folder, build, name));
const write = (name, contents) => writeFileSync(join(folder, name), contents);

function fail(message) {
  console.error(`build-wasm: ${message}`);
  process.exit(1);
}

for (const name of ["crossbar_wasm.js", "crossbar_wasm.d.ts"]) {
  const [first, second] = builds.map((build) => read(build, name));
  if (!first.equals(second)) fail(`expected the same ${name} of both builds, got different ones`);
  write(name, first);
}
const glue = read("simd128", "crossbar_wasm.js");
if (glue.includes("import.meta")) fail("expected glue code that locates no file, got one with import.meta");

const hash = createHash("sha256").update(glue);
for (const build of builds) hash.update(read(build, "crossbar_wasm_bg.wasm"));
const codeHash = hash.digest("hex").slice(0, 16);
write("code-hash.js", `export const codeHash = "${codeHash}";\n`);
write("code-hash.d.ts", "/** Hash of both builds' code. */\nexport declare const codeHash: string;\n");

const bytes = {};
for (const build of builds) {
  const code = read(build, "crossbar_wasm_bg.wasm");
  const wasm = withSection(code, { build, codeHash, signatures: signaturesOf(code) });
  const gzip = gzipSync(wasm, { level: 9 }).length;
  if (gzip > limit) fail(`expected at most ${limit} bytes gzipped, got ${gzip}`);
  write(`${build}.wasm`, wasm);
  bytes[build] = { raw: wasm.length, gzip };
  console.log(`build-wasm: ${build} ${wasm.length} bytes, ${gzip} gzipped`);
  rmSync(join(folder, build), { recursive: true });
}
write("BUILD.json", `${JSON.stringify({ ...JSON.parse(tools), bytes }, null, 2)}\n`);
