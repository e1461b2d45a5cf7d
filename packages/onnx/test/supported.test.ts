import { readFileSync } from "node:fs";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { supportedOperators } from "@neft/onnx";
import { expect, it } from "vitest";

addOperators(moreOperators);

it("SUPPORTED.md matches the table; npm run supported --workspace @neft/onnx rewrites it", () => {
  expect(readFileSync(new URL("../../../SUPPORTED.md", import.meta.url), "utf8")).toBe(supportedOperators());
});
