// Checks which packages use their environment: WebAssembly, files, process, clock, console, the DOM, and functions of Math whose last
// bit differs between engines.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** Functions of Math that engines may round differently; the language specifies only arithmetic, sqrt, abs, floor and similar exactly. */
const inexact =
  "acos acosh asin asinh atan atan2 atanh cbrt cos cosh exp expm1 hypot log log10 log1p log2 pow sin sinh tan tanh";

/**
 * Restricted uses. `what`: description; `names`: globals and `object.member` names; `modules`: module prefixes; `imports`: names from a
 * module (`*`: the whole module); `where`: paths that may use them.
 */
export const surroundings = [
  // The probe of the roofline is a separate module: what users load for their work doesn't grow by it.
  { what: "WebAssembly", names: ["WebAssembly"], where: ["packages/kernels/src/", "packages/profile/src/roofline.ts"] },
  {
    what: "kernels and their memory (use a tensor operation or an update in place)",
    names: [],
    imports: {
      from: "@neft/kernels",
      names: "wasm allocate release withBlocks f32 f64 i32 u32 u8 unaryCode binaryCode reductionCode *".split(" "),
    },
    where: ["packages/tensor/src/"],
  },
  { what: "new Worker", names: ["Worker"], where: ["packages/neft/src/"] },
  {
    what: "files, network and process",
    names: ["process", "fetch", "XMLHttpRequest", "require"],
    modules: ["node:"],
    // kernels reads only its .wasm files.
    where: ["packages/kernels/src/", "packages/neft/src/"],
  },
  { what: "the DOM", names: ["document", "window", "navigator", "localStorage"], where: [] },
  { what: "the console", names: ["console"], where: ["packages/neft/src/command/"] },
  // The results of a benchmark are times; no other result depends on the clock.
  {
    what: "the clock",
    names: ["Date", "performance"],
    where: ["packages/neft/src/command/", "packages/profile/src/clock.ts"],
  },
  { what: "unseeded randomness", names: ["Math.random", "crypto"], where: [] },
  {
    what: "functions that differ between engines (take them from @neft/kernels)",
    names: [...inexact.split(" ").map((name) => `Math.${name}`), "**"],
    where: ["packages/neft/src/command/"],
  },
];

/**
 * Lists restricted uses in the packages' sources below `root`, one line each: file, line, name.
 *
 * @param {string} root  a folder with packages/ in it.
 * @returns {string[]}
 */
export function checkSurroundings(root) {
  return sourceFiles(root).flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.ES2022, true);
    return uses(source).flatMap(({ name, module, from, node }) => {
      const row = surroundings.find(({ names, modules, imports }) => {
        if (from) return imports?.from === from && imports.names.includes(name);
        return module ? modules?.some((prefix) => name.startsWith(prefix)) : names.includes(name);
      });
      if (!row || row.where.some((place) => file.startsWith(place))) return [];
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      const where = row.where.length > 0 ? `only in ${row.where.join(", ")}` : "in no package";
      return [`${file}:${line + 1} → ${name}: expected ${row.what} ${where}, got it here`];
    });
  });
}

/** Uses in a source file: imported modules and names, the operator `**`, and globals (`a`) and their members (`a.b`) as values. */
function uses(source) {
  const found = [];
  const declared = new Set();
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      if (node.moduleSpecifier) {
        found.push({ name: node.moduleSpecifier.text, module: true, node });
        for (const name of importedNames(node)) found.push({ name, from: node.moduleSpecifier.text, node });
      }
      for (const { name } of node.importClause?.namedBindings?.elements ?? []) declared.add(name.text);
      return;
    }
    if (ts.isTypeNode(node)) return;
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      if (node.arguments[0] && ts.isStringLiteralLike(node.arguments[0])) {
        found.push({ name: node.arguments[0].text, module: true, node });
        found.push({ name: "*", from: node.arguments[0].text, node });
      }
    } else if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const owner = node.expression.text;
      found.push({ name: owner === "globalThis" ? node.name.text : `${owner}.${node.name.text}`, module: false, node });
    } else if (ts.isIdentifier(node) && isValue(node)) {
      found.push({ name: node.text, module: false, node });
    } else if (ts.isIdentifier(node) && isDeclared(node)) {
      declared.add(node.text);
    } else if (node.kind === ts.SyntaxKind.AsteriskAsteriskToken && !isPowerOfTwo(node.parent)) {
      found.push({ name: "**", module: false, node });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter(({ name, from }) => from || !declared.has(name.split(".")[0]));
}

/** Names that an import or re-export takes from another module, as spelled there; `*` for the whole module. */
function importedNames({ importClause, exportClause, moduleSpecifier, kind }) {
  const clause = kind === ts.SyntaxKind.ImportDeclaration ? importClause?.namedBindings : exportClause;
  if (clause?.elements) return clause.elements.map(({ propertyName, name }) => (propertyName ?? name).text);
  return clause || (kind === ts.SyntaxKind.ExportDeclaration && moduleSpecifier) ? ["*"] : [];
}

/** Whether an identifier is a declaration, so that its name isn't a global in this file. */
function isDeclared({ parent }) {
  return (
    ts.isVariableDeclaration(parent) ||
    ts.isFunctionDeclaration(parent) ||
    ts.isParameter(parent) ||
    ts.isBindingElement(parent)
  );
}

/** Whether a `**` has base 2, which is exact in every engine; x ** 2 can differ from x · x. */
function isPowerOfTwo({ left }) {
  return (ts.isNumericLiteral(left) && left.text === "2") || (ts.isBigIntLiteral(left) && left.text === "2n");
}

/** Whether an identifier is used as a value, not as the name of a member, key, parameter or declaration. */
function isValue(node) {
  const { parent } = node;
  const isMember = ts.isPropertyAccessExpression(parent) && parent.name === node;
  const isNamed = "name" in parent && parent.name === node && !ts.isShorthandPropertyAssignment(parent);
  return !isMember && !isNamed && !("propertyName" in parent && parent.propertyName === node);
}

function sourceFiles(root) {
  const files = [];
  for (const name of readdirSync(join(root, "packages"))) {
    const folder = join(root, "packages", name, "src");
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && entry.name.endsWith(".ts")) files.push(relative(root, join(entry.parentPath, entry.name)));
    }
  }
  return files.sort();
}
