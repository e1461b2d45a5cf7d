import type { Operator } from "@neft/model";
import { expect, it } from "vitest";
import type { Sample } from "./samples/sample.js";

/** Vite's import of all files that a pattern matches. */
interface Globbing {
  glob(pattern: string, options: { eager: true }): Record<string, Readonly<Record<string, unknown>>>;
}

const rowFiles = (import.meta as unknown as Globbing).glob("../../model/src/operators/**/*.ts", { eager: true });
const sampleFiles = (import.meta as unknown as Globbing).glob("./samples/**/*.ts", { eager: true });

const groupOf = (path: string): string => /([^/]+)\.ts$/.exec(path)![1]!;
const isRow = (value: unknown): value is Operator =>
  typeof value === "object" && value !== null && "traits" in value && "infer" in value;

it("has the samples of an operator in the file of its row's group", () => {
  // Rows of a larger set may extend those of a smaller one.
  const groups = new Map<string, string[]>();
  for (const [path, exported] of Object.entries(rowFiles)) {
    for (const { name } of Object.values(exported).filter(isRow)) {
      groups.set(name, [...(groups.get(name) ?? []), groupOf(path)]);
    }
  }
  expect(groups.size).toBeGreaterThan(30);
  const wrong = Object.entries(sampleFiles).flatMap(([path, exported]) =>
    groupOf(path) === "samples"
      ? []
      : Object.values(exported)
          .flatMap((value) => (Array.isArray(value) ? (value as Sample[]) : []))
          // A Constant becomes a tensor of the model and has no row.
          .filter(({ op }) => op !== "Constant" && !groups.get(op)?.includes(groupOf(path)))
          .map(({ op }) => `${op}: expected in ${groups.get(op)?.join(".ts or ")}.ts, got ${groupOf(path)}.ts`),
  );
  expect(wrong).toEqual([]);
});
