import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL(".", import.meta.url));
const packages = fileURLToPath(new URL("../..", import.meta.url));

/** Compiles `source` as a file of this folder. Returns the compiler's messages. */
function errorsOf(source: string): string[] {
  const name = `${folder}row.ts`;
  const options: ts.CompilerOptions = {
    strict: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    // Packages and their own imports resolve to sources, so no build is needed.
    paths: { "@neft/*": [`${packages}*/src/index.ts`], "#read": [`${packages}kernels/src/read-web.ts`] },
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === name || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === name ? ts.createSourceFile(path, source, rest[0]) : getSourceFile.call(host, path, ...rest);
  const program = ts.createProgram([name], options, host);
  // Other files have tests of their own, and checking them all takes a minute.
  return program
    .getSemanticDiagnostics(program.getSourceFile(name))
    .map((d) => ts.flattenDiagnosticMessageText(d.messageText, "\n"));
}

const row = (vjp: string) => `
import { defineOp } from "../src/operation.js";
import type { Tensor } from "../src/tensor.js";
export const pair = defineOp<[Tensor, Tensor]>({
  name: "pair",
  shape: ([a]) => [...a.shape],
  forward: () => {},
  ${vjp}
  keeps: [],
  examples: [],
});`;

test("a row needs a rule or an explicit null for every input", () => {
  expect(errorsOf(row("vjp: [(dy) => dy, null],"))).toEqual([]);
  expect(errorsOf(row(""))).toEqual([expect.stringContaining("Property 'vjp' is missing")]);
  expect(errorsOf(row("vjp: [(dy) => dy],"))[0]).toMatch(/not assignable/);
  expect(errorsOf(row("vjp: (dy) => dy,"))[0]).toMatch(/not assignable/);
});
