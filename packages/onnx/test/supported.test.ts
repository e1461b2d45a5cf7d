import { readFileSync } from "node:fs";
import { supportedOperators } from "@neft/onnx";
import { expect, it } from "vitest";

it("SUPPORTED.md is what the table says; npm run supported --workspace @neft/onnx writes it anew", () => {
  expect(readFileSync(new URL("../../../SUPPORTED.md", import.meta.url), "utf8")).toBe(supportedOperators());
});
