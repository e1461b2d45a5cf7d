import { readFileSync } from "node:fs";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { type ConformanceCase, supportedOperators } from "@neft/onnx";
import { expect, it } from "vitest";
import { readResults, recordPath } from "../conformance/results.mjs";

addOperators(moreOperators);

it("SUPPORTED.md matches the table and the recorded results; npm run supported --workspace @neft/onnx rewrites it", () => {
  const cases = readResults(recordPath).cases as ConformanceCase[];
  expect(readFileSync(new URL("../../../SUPPORTED.md", import.meta.url), "utf8")).toBe(supportedOperators(cases));
});
