import { readFileSync } from "node:fs";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { type ConformanceCase, supportedOperators } from "@neft/onnx";
import { expect, it } from "vitest";

addOperators(moreOperators);

it("SUPPORTED.md matches the table and the recorded results; npm run supported --workspace @neft/onnx rewrites it", () => {
  const text = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const { cases } = JSON.parse(text("../conformance/results/onnx-1.22.0.json")) as { cases: ConformanceCase[] };
  expect(text("../../../SUPPORTED.md")).toBe(supportedOperators(cases));
});
