// The rolldown plugins that keep one instance of the modules with state between operators.js and the file that loads it.
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { shared } from "./bundles.mjs";

const packages = fileURLToPath(new URL("../../", import.meta.url));

/** Path below packages/ of a module; undefined for others. */
const placeOf = (id) => (id.startsWith(packages) ? id.slice(packages.length) : undefined);

/** What operators.js takes from its host, in order: the modules' places and the names that they export. */
const taken = [];
/** Hash of the finished operators.js. */
let build;
/** What each module of operators.js has that only one instance of it may have, by the module's path. */
const identities = new Map();
/** Names that are tested with instanceof somewhere. */
const tested = new Set();
/** Places of the modules with the rows that a page knows from the start. */
const coreRows = new Set();
/** Paths of the modules whose code is in operators.js, and in the files that load it. */
const [copied, hosted] = [new Set(), new Set()];

/**
 * Plugin of operators.js. Shared modules stay outside. The rest becomes a function of their values, which is exported with a hash:
 * `{ build, operatorsWith(instances) }`.
 */
export const guest = {
  name: "guest",
  async resolveId(source, importer, options) {
    if (importer === undefined) return null;
    const found = await this.resolve(source, importer, { ...options, skipSelf: true });
    const place = found && placeOf(found.id);
    return shared.includes(place) ? { id: `shared:${place}`, external: true } : found;
  },
  transform(code, id) {
    // The bundler's own module.
    if (id.startsWith("\0")) return;
    identities.set(id, identitiesOf(this.parse(code), code));
    noteTests(code);
  },
  renderChunk(code, { moduleIds }) {
    for (const id of moduleIds) copied.add(id);
    const names = [];
    const body = [];
    let result;
    for (const node of this.parse(code).body) {
      if (node.type === "ImportDeclaration") {
        for (const { type, imported, local } of node.specifiers) {
          const what = type === "ImportNamespaceSpecifier" ? "* as" : imported.name;
          taken.push([node.source.value.replace(/^shared:/, ""), what]);
          names.push(local.name);
        }
      } else if (node.type === "ExportNamedDeclaration" && node.declaration === null) {
        result = node.specifiers.find(({ exported }) => exported.name === "moreOperators").local.name;
      } else body.push(code.slice(node.start, node.end));
    }
    const made = `export const operatorsWith = ([${names}]) => {\n${body.join("\n")}\nreturn ${result};\n};`;
    build = createHash("sha256").update(JSON.stringify(taken)).update(made).digest("hex").slice(0, 12);
    return `${made}\nexport const build = ${JSON.stringify(build)};`;
  },
};

/** Plugin of the files that load operators.js: gives them the values that it takes, and its hash. Bundle operators.js before. */
export const host = {
  name: "host",
  transform(code, id) {
    noteTests(code);
    if (placeOf(id) === "model/dist/operators/core.js")
      for (const [, name] of code.matchAll(/from "\.\/(\w+\.js)"/g)) coreRows.add(`model/dist/operators/${name}`);
    if (placeOf(id) !== "neft/dist/shared-instances.js") return null;
    const imports = taken.map(([place, what], i) => {
      const names = what === "* as" ? `* as _${i}` : `{ ${what} as _${i} }`;
      return `import ${names} from ${JSON.stringify(packages + place)};`;
    });
    return [
      ...imports,
      `export const instances = [${taken.map((_, i) => `_${i}`)}];`,
      `export const fitting = ${JSON.stringify(build)};`,
    ].join("\n");
  },
  /** Writes again what tells bundlers to leave the address of operators.js as it is: the minifier drops comments. */
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

/** Call after all bundles. @throws {Error} if a module of which there must be one instance is in operators.js and in a file that loads it. */
export function checkCopies() {
  for (const [id, { states, classes }] of identities) {
    const rows = coreRows.has(placeOf(id)) ? ["rows that others extend"] : [];
    const found = [...states, ...rows, ...classes.filter((name) => tested.has(name))];
    if (copied.has(id) && hosted.has(id) && found.length > 0)
      throw new Error(
        `bundle: operators.js: ${placeOf(id) ?? id}: expected a module without state, which can be copied, got ${found.join(", ")}; add it to shared of bundles.mjs`,
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
