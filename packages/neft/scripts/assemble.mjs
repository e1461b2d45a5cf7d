// Assembles the npm package in packages/neft/dist/package, after the build: node scripts/assemble.mjs
// The internal packages become folders of its dist/, so that there is one package, with one version, to install; so do the small libraries that
// the API uses. Modules stay separate: bundlers drop those that a program doesn't use. The command's libraries stay dependencies.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { bundles, kept, nodeFiles, wasmFiles } from "./bundles.mjs";

const folder = fileURLToPath(new URL("..", import.meta.url));
const packages = resolve(folder, "..");
const root = resolve(packages, "..");
const out = join(folder, "dist/package");
const source = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** Entry points of the package: what package.json names, and the modules that start in another thread. */
const entries = ["index", "node", "tensor", "results", "spawn-node", "spawn-web", "engine-node"];
/** Modules of other packages that package.json names. */
const conditional = { kernels: ["read-node", "read-web"] };

const internal = Object.fromEntries(
  readdirSync(packages).map((name) => {
    const file = join(packages, name, "package.json");
    return [existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).name : "", name];
  }),
);

/** Path in the assembled dist/ of a file of a package's dist/. */
const placeOf = (name, file) => (name === "neft" ? file : join(name, file));

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

const licences = await writeModules();
writeTypes();
const shared = readdirSync(join(folder, "dist")).filter((name) =>
  new RegExp(`^${nodeFiles.prefix}.*\\.js$`).test(name),
);
for (const name of [
  ...Object.keys(bundles),
  ...Object.keys(nodeFiles.inputs),
  ...shared,
  ...wasmFiles.map((file) => join("wasm", file)),
])
  cpSync(join(folder, "dist", name), join(out, "dist", name));
cpSync(join(folder, "bin"), join(out, "bin"), { recursive: true });
cpSync(join(folder, "README.md"), join(out, "README.md"));
cpSync(join(root, "LICENSE"), join(out, "LICENSE"));
writeFileSync(join(out, "THIRD-PARTY-LICENSES.md"), licences);
writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);

/** Writes the JavaScript modules; returns the licences of the libraries among them. */
async function writeModules() {
  const input = Object.fromEntries([
    ...entries.map((name) => [name, join(folder, "dist", `${name}.js`)]),
    ...Object.entries(conditional).flatMap(([name, modules]) =>
      modules.map((module) => [join(name, module), join(packages, name, "dist", `${module}.js`)]),
    ),
  ]);
  const bundle = await rolldown({
    input,
    platform: "neutral",
    // One build for Node and browsers: libraries with a version for each are taken in the browser's.
    resolve: { conditionNames: ["browser", "import", "default"], mainFields: ["module", "main"] },
    onLog: (_, { message }) => {
      throw new Error(`assemble: expected a bundle without warnings, got: ${message}`);
    },
    external: [/^node:/, /^#/, ...kept],
    treeshake: { moduleSideEffects: true },
  });
  const { output } = await bundle.write({
    dir: join(out, "dist"),
    format: "esm",
    preserveModules: true,
    preserveModulesRoot: packages,
    // The repository is the readable form. Short names and no spaces save a third of the modules; files and exports keep their names.
    minify: { compress: true, mangle: true, codegen: true },
    // Docstrings stand in the types.
    comments: { annotation: true, jsdoc: false, legal: true },
    // Every module is an entry.
    entryFileNames: ({ facadeModuleId }) => `${moduleName(facadeModuleId)}.js`,
  });
  await bundle.close();
  const libraries = new Set(
    output.flatMap(({ moduleIds = [] }) =>
      moduleIds.flatMap((id) => id.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []),
    ),
  );
  return licencesOf([...libraries].sort());
}

/** Name in the assembled dist/ of a module, from its path. */
function moduleName(path) {
  // The bundler's own module.
  if (path.startsWith("\0")) return join("libraries", path.slice(1).replace(/\.js$/, ""));
  const library = path.match(/node_modules\/(.*)\.[cm]?js$/)?.[1];
  if (library !== undefined) return join("libraries", library);
  const [name, where, ...rest] = relative(packages, path).split("/");
  const file = rest.join("/").replace(/\.js$/, "");
  return where === "dist" ? placeOf(name, file) : join(where, file);
}

/** The licence texts of bundled libraries. */
function licencesOf(libraries) {
  const texts = libraries.map((name) => {
    const from = join(root, "node_modules", name);
    const { version, license } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"));
    const file = readdirSync(from).find((one) => /^licen[cs]e/i.test(one));
    const text = file
      ? readFileSync(join(from, file), "utf8").trim()
      : `The package has no licence file; its licence is ${license}.`;
    return `## ${name} ${version} (${license})\n\n${text}\n`;
  });
  return `# Licences of the libraries in dist/\n\n${texts.join("\n")}`;
}

/**
 * Copies the declarations that the entry points reach. An import from an internal package becomes one from the file that declares the
 * name: its index would reach the types of libraries that aren't installed.
 */
function writeTypes() {
  const done = new Set();
  const copy = (name, file) => {
    const from = join(packages, name, "dist", file);
    if (done.has(from)) return;
    done.add(from);
    const to = placeOf(name, file);
    /** The specifier of a file in `to`, once it is copied. */
    const link = (target, declarations) => {
      copy(target, declarations);
      const path = relative(dirname(to), placeOf(target, declarations)).replace(/\.d\.ts$/, ".js");
      return path.startsWith(".") ? path : `./${path}`;
    };
    const relink = (statement, start, names, specifier) => {
      if (specifier.startsWith(".")) {
        copy(name, join(dirname(file), specifier).replace(/\.js$/, ".d.ts"));
        return statement;
      }
      if (specifier.startsWith("node:")) return statement;
      const target = internal[specifier];
      if (!target || names === undefined)
        throw new Error(`assemble: ${from}: expected named types of this repository, got: ${statement}`);
      const linked = names
        .split(",")
        .map((one) => one.trim())
        .filter(Boolean)
        .map((one) => {
          const declarations = declarationOf(target, one.replace(/^type /, "").split(" as ")[0]);
          return `${start} { ${one} } from "${link(target, declarations)}"`;
        });
      return linked.join(";\n");
    };
    const text = readFileSync(from, "utf8")
      .replace(/\b((?:import|export)(?: type)?) (?:\{([^}]*)\}|\* as \w+|\*) from "([^"]+)"/g, relink)
      .replace(/\bimport\("(\.[^"]+)"\)/g, (statement, specifier) => relink(statement, "import", undefined, specifier))
      .replace(/\bimport\("(@[^"]+)"(?:, \{[^}]*\{[^}]*\}[^}]*\})?\)\.(\w+)/g, (_, specifier, type) => {
        const target = internal[specifier];
        return `import("${link(target, declarationOf(target, type))}").${type}`;
      })
      // The compiler's four spaces are a tenth of the declarations.
      .replace(/^(?: {4})+/gm, (spaces) => " ".repeat(spaces.length / 4))
      .replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n");
    const unlinked = text.match(/import\("(?![.])[^"]*"\)|from "(?![.]|node:)[^"]*"/);
    if (unlinked) throw new Error(`assemble: ${from}: expected only relative imports, got ${unlinked[0]}`);
    mkdirSync(dirname(join(out, "dist", to)), { recursive: true });
    writeFileSync(join(out, "dist", to), text);
  };
  for (const { types } of typedExports()) copy("neft", relative("dist", types));
}

/** The file in the dist/ of an internal package that declares a name; its index re-exports all names with their files. */
function declarationOf(target, name) {
  const index = readFileSync(join(packages, target, "dist/index.d.ts"), "utf8");
  for (const [, names, specifier] of index.matchAll(/export (?:type )?\{([^}]*)\} from "\.\/([^"]+)\.js"/g)) {
    if (names.split(",").some((one) => one.trim().replace(/^type /, "") === name)) return `${specifier}.d.ts`;
  }
  throw new Error(`assemble: expected ${target}'s index to export ${name}, got none`);
}

/** The conditions of package.json's exports that have types. */
function typedExports(value = source.exports) {
  if (typeof value !== "object") return [];
  return [...(value.types ? [value] : []), ...Object.values(value).flatMap((one) => typedExports(one))];
}

/** package.json of the assembled package. */
function manifest() {
  const { private: _, scripts, devDependencies, dependencies, publishConfig, imports, ...rest } = source;
  const kernels = JSON.parse(readFileSync(join(packages, "kernels/package.json"), "utf8"));
  const placed = JSON.parse(JSON.stringify(kernels.imports).replaceAll("./dist/", "./dist/kernels/"));
  return {
    ...rest,
    imports: { ...imports, ...placed },
    dependencies: Object.fromEntries(kept.map((name) => [name, dependencies[name]])),
    publishConfig: { access: publishConfig.access, provenance: publishConfig.provenance },
  };
}
