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

/** Where each kind of row is kept, which rows there are, and in which column their names stand. */
const places = [
  { folder: "packages/tensor/src/operations", column: "tensor", names: operations.map(({ row }) => row.name) },
  { folder: "packages/model/src/operators", column: "onnx", names: [...operatorTable.keys()] },
  { folder: "packages/onnx/src/operators", column: "onnx", names: Object.keys(onnxOperators) },
  { folder: "packages/onnx/test/samples", column: "onnx", names: Object.keys(onnxOperators) },
] as const;

it.each(places)("$folder has each operator in the file of its group", ({ folder, column, names }) => {
  expect(groups.length).toBeGreaterThan(10);
  const files = readdirSync(new URL(`${folder}/`, root));
  const wrong = names.flatMap((name) => {
    const listed = groups.filter((row) => row[column].includes(name)).map(({ group }) => group);
    // A row is written by its name: as a text, or as what onnx's table is made of.
    const found = groups
      .map(({ group }) => group)
      .filter((group) => files.includes(`${group}.ts`))
      .filter((group) => new RegExp(`"${name}"|export const ${name}\\b`).test(text(`${folder}/${group}.ts`)));
    return listed.length === 1 && found.join() === listed.join()
      ? []
      : [`${name}: expected in one group's file, got ${found.join(", ")} and in the table ${listed.join(", ")}`];
  });
  expect(wrong).toEqual([]);
});

it("lists no operator that isn't there", () => {
  const known = new Set<string>(places.flatMap(({ names }) => names));
  expect(groups.flatMap(({ tensor, onnx }) => [...tensor, ...onnx]).filter((name) => !known.has(name))).toEqual([]);
});
