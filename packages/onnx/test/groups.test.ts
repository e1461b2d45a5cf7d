import { readdirSync, readFileSync } from "node:fs";
import { operatorTable } from "@neft/model";
import { onnxOperators } from "@neft/onnx";
import { operations } from "@neft/tensor";
import { expect, it } from "vitest";

const root = new URL("../../../", import.meta.url);
const text = (path: string): string => readFileSync(new URL(path, root), "utf8");

/** Rows of ARCHITECTURE.md's table of groups. */
const groups = text("ARCHITECTURE.md")
  .split("\n| group | tensor | model and onnx |\n|---|---|---|\n")[1]!
  .split("\n\n")[0]!
  .split("\n")
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, group, tensor, onnx]) => ({ group: group!, tensor: namesIn(tensor!), onnx: namesIn(onnx!) }));

function namesIn(cell: string): string[] {
  return cell.startsWith("none") ? [] : cell.split(", ").map((name) => name.split(" ")[0]!);
}

/** For each kind of row: its folder, the column of the table with its names, and all its names. */
const kinds = [
  { folder: "packages/tensor/src/operations", column: "tensor", names: operations.map(({ row }) => row.name) },
  { folder: "packages/model/src/operators", column: "onnx", names: [...operatorTable.keys()] },
  { folder: "packages/onnx/src/operators", column: "onnx", names: Object.keys(onnxOperators) },
  { folder: "packages/onnx/test/samples", column: "onnx", names: Object.keys(onnxOperators) },
] as const;

it.each(kinds)("$folder has each operator in the file of its group", ({ folder, column, names }) => {
  expect(groups.length).toBeGreaterThan(10);
  const files = readdirSync(new URL(`${folder}/`, root));
  const sources = groups
    .filter(({ group }) => files.includes(`${group}.ts`))
    .map(({ group }) => ({ group, source: text(`${folder}/${group}.ts`) }));
  const wrong = names.flatMap((name) => {
    const listed = groups.filter((row) => row[column].includes(name)).map(({ group }) => group);
    // A row's name is a string in the source, or an exported constant in onnx.
    const found = sources
      .filter(({ source }) => new RegExp(`"${name}"|export const ${name}\\b`).test(source))
      .map(({ group }) => group);
    return listed.length === 1 && found.join() === listed.join()
      ? []
      : [`${name}: expected in one group's file, got ${found.join(", ")} and in the table ${listed.join(", ")}`];
  });
  expect(wrong).toEqual([]);
});

it("lists existing operators only", () => {
  const known = new Set<string>(kinds.flatMap(({ names }) => names));
  expect(groups.flatMap(({ tensor, onnx }) => [...tensor, ...onnx]).filter((name) => !known.has(name))).toEqual([]);
});
