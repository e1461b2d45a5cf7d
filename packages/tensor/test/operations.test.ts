import { build, init, memoryUse } from "@neft/kernels";
import * as api from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";
import { cases, faults } from "./walk.js";

beforeAll(() => init());

test("every example of every row: shape, gradient, determinism", () => {
  expect(build()).toBe("simd128");
  expect(cases().flatMap(faults)).toEqual([]);
});

test("rows are complete: a unique name, an example, one rule per input", () => {
  const names = api.operations.map(({ row }) => row.name);
  expect(new Set(names).size).toBe(names.length);
  const incomplete = api.operations.filter(({ row }) => {
    const rules = row.vjp;
    return (
      row.examples.length === 0 ||
      (typeof rules !== "function" && row.examples.some((s) => s.inputs.length !== rules.length))
    );
  });
  expect(incomplete.map(({ row }) => row.name)).toEqual([]);
});

test("every operation the package exports is in the table", () => {
  const rows = new Set(api.operations.map(({ row }) => row as unknown));
  const missing = Object.entries(api).filter(
    ([, value]) => typeof value === "function" && "row" in value && !rows.has(value.row),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
});

test("the walk leaks no memory", () => {
  const before = memoryUse().live;
  for (const one of cases()) faults(one);
  expect(memoryUse().live).toBe(before);
});
