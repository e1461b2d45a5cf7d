// Writes SUPPORTED.md at the repository's root from the operator table and the recorded results of the conformance suites. A test fails when the file is stale.
import { writeFileSync } from "node:fs";
import { addOperators } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { supportedOperators } from "@neft/onnx";
import { readResults, recordPath } from "../conformance/results.mjs";

addOperators(moreOperators);

writeFileSync(new URL("../../../SUPPORTED.md", import.meta.url), supportedOperators(readResults(recordPath).cases));
