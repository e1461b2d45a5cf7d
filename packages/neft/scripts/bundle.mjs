// Bundles each file of the table with all that it imports into one file in dist/, and Node's files, after tsc: node scripts/bundle.mjs
// A browser starts such a file with one request, and Node's threads start sooner. Webpack and Vite take it as it is, and a page without a bundler
// can load it.
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { besideDist, bundles, kept, nodeFiles, peers, wasmFiles } from "./bundles.mjs";
import { checkCopies, guest, host } from "./shared-instances.mjs";

/** Traces of errors in Node show the files' names. */
const written = { format: "esm", minify: { compress: true, mangle: true, codegen: true }, comments: false };

const packages = fileURLToPath(new URL("../..", import.meta.url));
const dist = (name) => join(packages, "neft/dist", name);

/** Plugin that drops what only the command and the documents show of settings and metrics: 2 kB of a compressed page. */
const withoutHelp = {
  name: "without-help",
  transform: {
    filter: { code: /\bdefineSettings\b|\bmetric\(\{/ },
    handler: (code) => code.replace(/\b(?:about|switchAbout|flag|defaultWords):\s*(?:null|"(?:[^"\\]|\\.)*"),?/g, ""),
  },
};

for (const name of wasmFiles)
  cpSync(new URL(`../../kernels/wasm/${name}`, import.meta.url), dist(`wasm/${name}`), { recursive: true });

for (const [name, row] of Object.entries(bundles)) {
  const { input, replaced = {}, wasm, inlined = [], isShared, loadsChunks = false } = row;
  const bundle = await rolldown({
    input: join(packages, input),
    platform: "browser",
    resolve: {
      conditionNames: ["browser", "import", "default"],
      alias: Object.fromEntries(Object.entries(replaced).map(([from, to]) => [from, dist(to)])),
    },
    ...(inlined.length > 0 && { transform: { define: { inlinedFiles: JSON.stringify(packed(inlined)) } } }),
    plugins: [
      withoutHelp,
      ...(wasm ? [placed(wasm)] : []),
      ...(isShared ? [guest(name)] : []),
      ...(loadsChunks ? [host] : []),
    ],
  });
  await bundle.write({ file: dist(name), ...written, codeSplitting: false });
  await bundle.close();
}
checkCopies();
await bundleNodeFiles();

/** Writes the files that Node starts, and those that they share. */
async function bundleNodeFiles() {
  const { inputs, prefix } = nodeFiles;
  for (const name of readdirSync(dist("."))) if (name.startsWith(prefix)) rmSync(dist(name));
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, join(packages, input)])),
    platform: "node",
    external: [...kept, ...peers],
    resolve: { conditionNames: ["node", "import", "default"] },
    plugins: [placed(besideDist)],
  });
  await bundle.write({
    dir: dist("."),
    ...written,
    entryFileNames: "[name]",
    chunkFileNames: `${prefix}[name].js`,
    // One file for all that several need: Node opens each in half a millisecond.
    codeSplitting: { groups: [{ name: "shared", minShareCount: 2 }] },
  });
  await bundle.close();
}

/** Files of dist/ in base64, gzipped, by name without folder. */
function packed(names) {
  return Object.fromEntries(
    names.map((name) => [basename(name), gzipSync(readFileSync(dist(name)), { level: 9 }).toString("base64")]),
  );
}

/** Plugin that sets the URLs of the kernels' files. */
function placed(wasm) {
  return {
    name: "placed-wasm",
    transform: {
      filter: { id: /\bkernels\/dist\/compile\.js$/ },
      handler(code) {
        const literal = /new URL\("\.\.\/wasm\/(\w+\.wasm)", import\.meta\.url\)/g;
        const found = [...code.matchAll(literal)].map(([, name]) => name);
        if (String(found.sort()) !== String([...wasmFiles].sort()))
          throw new Error(
            `bundle: expected the URLs of ${wasmFiles.join(" and ")} in kernels' compile.js, got ${found}`,
          );
        return code.replace(literal, (_, name) => wasm(name));
      },
    },
  };
}
