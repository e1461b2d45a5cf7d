// npm run conformance: runs conformance suites and reports what passes, fails and is refused.
//   --suite onnx|debian|DIR  suites to run (default: onnx, all of onnx 1.22.0); may be repeated
//   --filter TEXT            only cases whose suite/name has the text
//   --json FILE              writes each case's suite, name, operator, missing operators, result and reason
//   --verbose                lists every case
//   --missing FILE           runs nothing: lists the missing operators of a file that --json wrote
//   --record                 writes results/onnx-1.22.0.json anew
//   --check                  compares with that file; leaves out the large models of `light`
// Exit codes: 0; 1 when a case fails or, with --check, when a result differs from the record; 2 for wrong words; 3 when a named suite isn't here
// and can't be downloaded.
import { parseArgs } from "node:util";
import { conformance } from "./conformance.mjs";
import { UnavailableError } from "./sources.mjs";

const options = {
  suite: { type: "string", multiple: true },
  filter: { type: "string" },
  json: { type: "string" },
  verbose: { type: "boolean" },
  missing: { type: "string" },
  record: { type: "boolean" },
  check: { type: "boolean" },
};

try {
  process.exitCode = await conformance(parseArgs({ options }).values);
} catch (error) {
  console.error(`conformance: ${error.message}`);
  process.exitCode = error instanceof UnavailableError ? 3 : 2;
}
