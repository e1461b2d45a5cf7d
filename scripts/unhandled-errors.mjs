import { noteFailure } from "./failures.mjs";

/** A reporter of vitest: notes errors outside of tests, which fail a run and which its JSON report lacks. */
// biome-ignore lint/style/noDefaultExport: vitest loads a reporter so.
export default class UnhandledErrors {
  onTestRunEnd(_modules, errors) {
    for (const { stack, message } of errors) noteFailure("vitest: an error outside of tests", stack ?? message);
  }
}
