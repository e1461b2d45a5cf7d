// Writes SUPPORTED.md at the root from the operator table; a test fails when it is stale.
import { writeFileSync } from "node:fs";
import { supportedOperators } from "@neft/onnx";

writeFileSync(new URL("../../../SUPPORTED.md", import.meta.url), supportedOperators());
