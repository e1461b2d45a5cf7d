// Writes SUPPORTED.md at the repository's root from the operator table. A test fails when the file is stale.
import { writeFileSync } from "node:fs";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { supportedOperators } from "@neft/onnx";

addOperators(moreOperators);

writeFileSync(new URL("../../../SUPPORTED.md", import.meta.url), supportedOperators());
