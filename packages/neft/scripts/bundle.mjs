// Bundles each file of the table with all that it imports into one file in dist/, after tsc: node scripts/bundle.mjs
// A browser starts such a file with one request. Webpack and Vite take it as it is, and a page without a bundler can load it.
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { bundles } from "./bundles.mjs";

const dist = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

for (const [name, { input, spawn }] of Object.entries(bundles)) {
  const bundle = await rolldown({
    input: dist(input),
    platform: "browser",
    resolve: {
      conditionNames: ["browser", "import", "default"],
      ...(spawn && { alias: { "#spawn": dist(spawn) } }),
    },
  });
  await bundle.write({ file: dist(name), format: "esm", minify: true, codeSplitting: false, comments: false });
  await bundle.close();
}
