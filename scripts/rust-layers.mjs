// The layer order of the Rust crates: which topic may use which, and no cycles between files.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";

const kernels = "crates/crossbar-kernels/src";

/** A topic, a folder or a file, uses topics of the rows before its own only: never of its own row, never of a later one. */
export const rustLayers = [
  [`${kernels}/tuning.rs`],
  [`${kernels}/lanes`],
  [`${kernels}/random`, `${kernels}/scratch.rs`],
  [`${kernels}/arrays`, `${kernels}/cells`, `${kernels}/variation`, `${kernels}/wires`],
  [`${kernels}/gemm`],
  [`${kernels}/conv`, `${kernels}/nn`],
  ["crates/crossbar-wasm/src", "crates/roofline/src"],
];

/** Roots of the crates, by the names that sources use. */
const crates = {
  crossbar_kernels: `${kernels}/lib.rs`,
  crossbar_wasm: "crates/crossbar-wasm/src/lib.rs",
  roofline: "crates/roofline/src/lib.rs",
};

/**
 * Every breach below `root`, one line each, naming the files.
 *
 * @param {string} root  a folder that may have crates/ in it.
 * @returns {string[]}
 */
export function checkRustLayers(root) {
  const uses = rustUses(root);
  return [...orderBreaches(uses), ...cycles(uses)];
}

/**
 * Which files each source file uses. Tests are left out: they may use everything.
 *
 * @param {string} root
 * @returns {Map<string, Set<string>>}
 */
export function rustUses(root) {
  const present = Object.entries(crates).filter(([, file]) => existsSync(join(root, file)));
  const trees = new Map(present.map(([name, file]) => [name, readModule(root, file, undefined)]));
  const uses = new Map();
  for (const tree of trees.values()) {
    for (const module of allModules(tree)) {
      const files = module.paths.map((path) => resolve(path, module, tree, trees)?.file);
      uses.set(module.file, new Set(files.filter((file) => file !== undefined && file !== module.file)));
    }
  }
  return uses;
}

/** A module: its file, its parent, the modules it declares and the paths it names. */
function readModule(root, file, parent) {
  const source = withoutTests(withoutComments(readFileSync(join(root, file), "utf8")));
  const module = { file, parent, children: new Map(), declared: [], paths: pathsIn(source) };
  const isRoot = ["lib.rs", "mod.rs"].includes(basename(file));
  const folder = isRoot ? dirname(file) : join(dirname(file), basename(file, ".rs"));
  const declarations = /((?:#\[[^\]]*\]\s*)*)(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;/g;
  for (const [, attributes, name] of source.matchAll(declarations)) {
    const path = attributes.match(/path\s*=\s*"([^"]+)"/)?.[1];
    const places = path ? [join(dirname(file), path)] : [join(folder, `${name}.rs`), join(folder, name, "mod.rs")];
    const place = places.map((place) => place.split(sep).join("/")).find((place) => existsSync(join(root, place)));
    if (place === undefined) continue;
    // A module may be declared twice, with a file for each target.
    module.declared.push(readModule(root, place, module));
    module.children.set(name, module.declared.at(-1));
  }
  return module;
}

function* allModules(module) {
  yield module;
  for (const child of module.declared) yield* allModules(child);
}

/** Without comments and visibilities, whose paths are no uses. */
function withoutComments(source) {
  return source.replace(/pub\(in [^)]*\)/g, "pub").replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "");
}

/** Without what is compiled for tests only: declarations of modules, and a module at the end of a file. */
function withoutTests(source) {
  return source
    .replace(/#\[cfg\(test\)\]\s*(#\[[^\]]*\]\s*)*(pub(\([^)]*\))?\s+)?mod\s+\w+\s*;/g, "")
    .replace(/#\[cfg\(test\)\]\s*mod\s+\w+\s*\{[\s\S]*$/, "");
}

/** Paths as lists of segments: those of `use`, and those that begin at a crate or with super. */
function pathsIn(source) {
  const statements = [...source.matchAll(/\buse\s+([^;]+);/g)].flatMap(([, tree]) => expand(tree.replace(/\s+/g, " ")));
  const starts = ["crate", "super", "self", ...Object.keys(crates)].join("|");
  const inline = [...source.matchAll(new RegExp(`\\b(?:${starts})(?:::\\w+)+`, "g"))].map(([path]) => path.split("::"));
  return [...statements, ...inline];
}

/** The paths of a use tree: `a::{b, c::d}` is a::b and a::c::d. */
function expand(tree) {
  const open = tree.indexOf("{");
  if (open < 0) return [segments(tree)];
  const prefix = segments(tree.slice(0, open));
  return split(tree.slice(open + 1, tree.lastIndexOf("}"))).flatMap((part) =>
    expand(part).map((path) => [...prefix, ...path]),
  );
}

const segments = (path) =>
  path
    .replace(/\bas \w+/, "")
    .split("::")
    .map((segment) => segment.trim())
    .filter((segment) => segment !== "");

/** Parts between commas that aren't within braces. */
function split(list) {
  const parts = [""];
  let depth = 0;
  for (const letter of list) {
    if (letter === "{") depth++;
    if (letter === "}") depth--;
    if (letter === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += letter;
  }
  return parts.filter((part) => part.trim() !== "");
}

/** The module that a path leads to, or undefined if it is another crate's. */
function resolve([first, ...rest], module, tree, trees) {
  let at;
  if (first === "crate") at = tree;
  else if (first === "super") at = module.parent;
  else if (first === "self") at = module;
  else at = module.children.get(first) ?? trees.get(first);
  for (const segment of rest) {
    if (at === undefined) return undefined;
    const next = segment === "super" ? at.parent : segment === "self" ? at : at.children.get(segment);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

function orderBreaches(uses) {
  const inFolder = (file, topic) => file === topic || file.startsWith(`${topic}/`);
  const place = (file) => {
    const layer = rustLayers.findIndex((topics) => topics.some((topic) => inFolder(file, topic)));
    return { layer, topic: rustLayers[layer]?.find((topic) => inFolder(file, topic)) };
  };
  return [...uses].flatMap(([file, used]) => {
    const from = place(file);
    if (from.topic === undefined) return [];
    return [...used].flatMap((other) => {
      const to = place(other);
      if (to.topic === from.topic || (to.topic !== undefined && to.layer < from.layer)) return [];
      const got = to.topic === undefined ? "one from a file without a layer" : "one from the same layer or above";
      return [`${file} → ${other}: expected uses of layers below ${relative("crates", from.topic)}, got ${got}`];
    });
  });
}

/** One cycle through each file that is on one and on no cycle found before. */
function cycles(uses) {
  const found = [];
  const done = new Set();
  const visit = (file, trail) => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      found.push(`${[...trail.slice(at), file].join(" → ")}: expected no cycle between files, got one`);
      return;
    }
    if (done.has(file)) return;
    for (const other of uses.get(file) ?? []) visit(other, [...trail, file]);
    done.add(file);
  };
  for (const file of uses.keys()) visit(file, []);
  return found;
}
