// Counts tests and checks from the output of other programs.

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** @type {Tally} */
export const nothing = { passed: 0, failed: 0, skipped: 0 };
export const onePassed = { ...nothing, passed: 1 };
export const oneFailed = { ...nothing, failed: 1 };

/** The sum of several tallies. */
export function sum(...tallies) {
  const total = { ...nothing };
  for (const tally of tallies) for (const key of Object.keys(total)) total[key] += tally[key];
  return total;
}

/** `N passed, N failed`, and `, N skipped` when any were. */
export function line({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Sums all lines in the format of `line` in a text; a task's name may precede each. */
export function parseLines(text) {
  const lines = [...text.matchAll(/^(?:\S+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$/gm)];
  return sum(
    ...lines.map(([, passed, failed, skipped]) => ({
      passed: Number(passed),
      failed: Number(failed),
      skipped: Number(skipped ?? 0),
    })),
  );
}

/**
 * What failed in a report of vitest's JSON reporter: title and error of each test, and of each file that can't be loaded.
 *
 * @param {string} root  folder that the files' paths are shown relative to.
 * @returns {{ title: string, text: string }[]}
 */
export function failuresOfVitest(report, root) {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.replace(`${root}/`, "");
    const failed = assertionResults.filter((test) => test.status === "failed");
    return status === "failed" && failed.length === 0
      ? [{ title: file, text: message }]
      : failed.map(({ fullName, failureMessages }) => ({
          title: `${file}: ${fullName}`,
          text: failureMessages.join("\n"),
        }));
  });
}

/** Tally of a report of vitest's JSON reporter. A test file that can't be loaded counts as one failed test. */
export function tallyVitest(report) {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.length,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Sums cargo's `test result:` lines. A non-zero status without a failed test (a crate that doesn't compile) counts as one failure. */
export function tallyCargo(output, status) {
  const total = { ...nothing };
  for (const [, passed, failed, ignored] of output.matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    total.passed += Number(passed);
    total.failed += Number(failed);
    total.skipped += Number(ignored);
  }
  if (status !== 0 && total.failed === 0) total.failed = 1;
  return total;
}

/** What failed in cargo's output: title and message of each test, or else what follows the compiler's first error. */
export function failuresOfCargo(output) {
  const tests = [...output.matchAll(/^---- (\S+) stdout ----\n([\s\S]*?)\n\n/gm)];
  const error = /^error[\s\S]*/m.exec(output);
  if (tests.length > 0) return tests.map(([, title, text]) => ({ title, text }));
  return error ? [{ title: "cargo test", text: error[0] }] : [];
}
