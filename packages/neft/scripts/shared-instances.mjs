// The rolldown plugins that keep one instance of the modules with state between a file on demand and the file that loads it.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { chunks } from "./bundles.mjs";

const packages = fileURLToPath(new URL("../../", import.meta.url));

/** Path below packages/ of a module; undefined for others. */
const placeOf = (id) => (id.startsWith(packages) ? id.slice(packages.length) : undefined);

/**
 * By name of a file on demand: `taken`, what it takes from its host, in order, as the modules' places and the names that they export; and
 * `build`, the hash of the finished file.
 */
const made = new Map();
/** What each module of the files on demand has that only one instance of it may have, by the module's path. */
const identities = new Map();
/** Names that are tested with instanceof somewhere. */
const tested = new Set();
/** Places of the modules with the rows that a page knows from the start. */
const coreRows = new Set();
/** Paths of the modules whose code is in files on demand, and in the files that load them. */
const [copied, hosted] = [new Set(), new Set()];

/**
 * Plugin of a file on demand. Shared modules stay outside. The rest becomes a function of their values, which is exported with a hash:
 * `{ build, exportsWith(instances) }`.
 */
export const guest = (name) => ({
  name: "guest",
  async resolveId(source, importer, options) {
    if (importer === undefined) return null;
    const found = await this.resolve(source, importer, { ...options, skipSelf: true });
    const place = found && placeOf(found.id);
    return place && chunks[name].isShared(place) ? { id: `shared:${place}`, external: true } : found;
  },
  transform(code, id) {
    // The bundler's own module.
    if (id.startsWith("\0")) return;
    identities.set(id, identitiesOf(this.parse(code), code));
    noteTests(code);
  },
  renderChunk(code, { moduleIds }) {
    for (const id of moduleIds) copied.add(id);
    const [taken, names, body, exported] = [[], [], [], []];
    for (const node of this.parse(code).body) {
      if (node.type === "ImportDeclaration") {
        for (const { type, imported, local } of node.specifiers) {
          const what = type === "ImportNamespaceSpecifier" ? "* as" : imported.name;
          taken.push([node.source.value.replace(/^shared:/, ""), what]);
          names.push(local.name);
        }
      } else if (node.type === "ExportNamedDeclaration" && node.declaration === null) {
        for (const one of node.specifiers) exported.push(`${one.exported.name}: ${one.local.name}`);
      } else body.push(code.slice(node.start, node.end));
    }
    const written = `export const exportsWith = ([${names}]) => {\n${body.join("\n")}\nreturn { ${exported} };\n};`;
    const build = createHash("sha256").update(JSON.stringify(taken)).update(written).digest("hex").slice(0, 12);
    made.set(name, { taken, build });
    return `${written}\nexport const build = ${JSON.stringify(build)};`;
  },
});

/** Plugin of the files that load others on demand, which have to be bundled before: such a load takes the place of an import at run time. */
export const host = {
  name: "host",
  resolveId: (source) => (source.startsWith("chunk:") ? `\0${source}` : null),
  /** A module of the bundler's own: loads a file with the values that it takes. */
  load(id) {
    if (!id.startsWith("\0chunk:")) return null;
    const name = id.slice("\0chunk:".length);
    const { taken, build } = made.get(name);
    const imports = taken.map(([place, what], i) => {
      const names = what === "* as" ? `* as _${i}` : `{ ${what} as _${i} }`;
      return `import ${names} from ${JSON.stringify(packages + place)};`;
    });
    return [
      ...imports,
      `import { loadChunk } from ${JSON.stringify(`${packages}neft/dist/load-chunk.js`)};`,
      `export const load = () => loadChunk("${name}", "${build}", [${taken.map((_, i) => `_${i}`)}]);`,
    ].join("\n");
  },
  async transform(code, id) {
    noteTests(code);
    if (placeOf(id) === "model/dist/operators/core.js")
      for (const [, name] of code.matchAll(/from "\.\/(\w+\.js)"/g)) coreRows.add(`model/dist/operators/${name}`);
    let changed = code;
    for (const [found, source] of code.matchAll(/\bimport\("([^"]+)"\)/g)) {
      const place = placeOf((await this.resolve(source, id)).id);
      const chunk = Object.keys(chunks).find((name) => chunks[name].input === place);
      if (chunk === undefined) throw new Error(`bundle: ${placeOf(id)}: expected one of chunks, got ${found}`);
      const load = `load_${chunk.replace(/\W/g, "_")}`;
      changed = `import { load as ${load} } from "chunk:${chunk}";\n${changed.replace(found, `${load}()`)}`;
    }
    return changed === code ? null : changed;
  },
  /** Writes again what tells bundlers to leave the address of a file on demand as it is: the minifier drops comments. */
  generateBundle(_, files) {
    for (const file of Object.values(files)) {
      for (const id of file.moduleIds) hosted.add(id);
      const [before, after, ...more] = file.code.split(/\bimport\(/);
      if (after === undefined || more.length > 0)
        throw new Error(
          `bundle: ${file.fileName}: expected one import at run time, got ${more.length + (after ? 1 : 0)}`,
        );
      file.code = `${before}import(/* @vite-ignore *//* webpackIgnore: true */${after}`;
    }
  },
};

/** Call after all bundles. @throws {Error} if a module of which there must be one instance is in a file on demand and in one that loads it. */
export function checkCopies() {
  for (const [id, { states, classes }] of identities) {
    const rows = coreRows.has(placeOf(id)) ? ["rows that others extend"] : [];
    const found = [...states, ...rows, ...classes.filter((name) => tested.has(name))];
    if (copied.has(id) && hosted.has(id) && found.length > 0)
      throw new Error(
        `bundle: files on demand: ${placeOf(id) ?? id}: expected a module without state, which can be copied, got ${found.join(", ")}; share it (bundles.mjs)`,
      );
  }
}

const noteTests = (code) => {
  for (const [, name] of code.matchAll(/\binstanceof (\w+)/g)) tested.add(name);
};

/** What a module has at its top level that is known by its identity: state, errors, rows whose gradients are computed together; and classes. */
function identitiesOf({ body }, code) {
  const all = body.map((node) => (node.type.startsWith("Export") && node.declaration) || node);
  const variables = all
    .filter(({ type }) => type === "VariableDeclaration")
    .flatMap(({ kind, declarations }) => declarations.filter(({ init }) => kind !== "const" || isIdentity(init)));
  const classes = all.filter(({ type }) => type === "ClassDeclaration");
  const errors = classes.filter(({ superClass }) => /Error$/.test(superClass?.name ?? ""));
  const rows = /\bsharedRules:/.test(code) ? ["sharedRules"] : [];
  return {
    states: [...[...variables, ...errors].map(({ id }) => id.name), ...rows],
    classes: classes.map(({ id }) => id.name),
  };
}

/** Whether an expression makes an object that is known by its identity. Maps and sets with elements are tables, which don't change. */
function isIdentity(init) {
  if (init?.type === "CallExpression") return init.callee.name === "Symbol";
  return init?.type === "NewExpression" && !(/^(Map|Set)$/.test(init.callee.name) && init.arguments.length > 0);
}
