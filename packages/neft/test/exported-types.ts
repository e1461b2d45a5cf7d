import { fileURLToPath } from "node:url";
import ts from "typescript";

/** Types that compute an options type from a table of settings. The computed type has a name of its own. */
const computed = ["GivenOf", "ResolvedOf", "RecordOf", "Chosen"];

/**
 * Lists the types of this repository that signatures of the public API mention and that no entry point exports, with the names that
 * mention them.
 * @param entries  Names of the entry points' declaration files in dist/.
 */
export function unexportedTypes(entries: readonly string[]): string[] {
  const files = entries.map((name) => fileURLToPath(new URL(`../dist/${name}.d.ts`, import.meta.url)));
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ["node"],
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const resolved = (symbol: ts.Symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = new Map(
    files.flatMap((file) =>
      checker
        .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
        .map((symbol) => [resolved(symbol), symbol.name] as const),
    ),
  );
  const missing = new Map<string, Set<string>>();
  for (const [symbol, name] of exported) {
    const seen = new Set<ts.Symbol>();
    const visitSymbol = (one: ts.Symbol): void => {
      if (seen.has(one)) return;
      seen.add(one);
      for (const declaration of one.declarations ?? []) visit(declaration);
    };
    const visit = (node: ts.Node): void => {
      if (ts.isClassElement(node) && ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) return;
      const mentioned = nameIn(node);
      const type = mentioned && checker.getSymbolAtLocation(mentioned);
      if (type) check(resolved(type));
      ts.forEachChild(node, visit);
    };
    const check = (type: ts.Symbol): void => {
      const [declaration] = type.declarations ?? [];
      const isOurs = declaration?.getSourceFile().fileName.includes("/packages/");
      if (!isOurs || exported.has(type) || type.flags & ts.SymbolFlags.TypeParameter) return;
      if (computed.includes(type.name)) return;
      // A file's own alias stands for its definition.
      const isLocal = !(ts.getCombinedModifierFlags(declaration as ts.Declaration) & ts.ModifierFlags.Export);
      if (isLocal) visitSymbol(type);
      else missing.set(type.name, (missing.get(type.name) ?? new Set()).add(name));
    };
    visitSymbol(symbol);
  }
  return [...missing].map(([type, names]) => `${type}, in ${[...names].join(", ")}`);
}

/** The name of the type that a node mentions. */
function nameIn(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isImportTypeNode(node)) return node.qualifier;
  return ts.isExpressionWithTypeArguments(node) ? node.expression : undefined;
}
