// Writes SUPPORTED.md at the repository's root from the operator table. A test fails when the file is stale.
import { writeFileSync } from "node:fs";
import { supportedOperators } from "@neft/onnx";

writeFileSync(new URL("../../../SUPPORTED.md", import.meta.url), supportedOperators());
