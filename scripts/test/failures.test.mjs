import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { formatFailure, noteFailure } from "../failures.mjs";
import { failuresOfCargo, failuresOfVitest } from "../tally.mjs";
import { brokenTasks } from "../turbo.mjs";

describe("failures", () => {
  it("are found in vitest's report: tests, and files that can't be loaded", () => {
    const passed = { status: "passed", fullName: "sound", failureMessages: [] };
    const failed = { status: "failed", fullName: "shapes refuses", failureMessages: ["expected 1, got 2"] };
    const report = {
      testResults: [
        { status: "passed", name: "/repo/a.test.ts", message: "", assertionResults: [passed] },
        { status: "failed", name: "/repo/b.test.ts", message: "", assertionResults: [passed, failed] },
        { status: "failed", name: "/repo/c.test.ts", message: "no such module", assertionResults: [] },
      ],
    };
    expect(failuresOfVitest(report, "/repo")).toEqual([
      { title: "b.test.ts: shapes refuses", text: "expected 1, got 2" },
      { title: "c.test.ts", text: "no such module" },
    ]);
  });

  it("are found in cargo's output: tests, or the compiler's first error", () => {
    const tests = "\nfailures:\n\n---- gemm::a stdout ----\npanicked at a.rs:3\nleft: 1\n\n\nfailures:\n    gemm::a\n";
    expect(failuresOfCargo(tests)).toEqual([{ title: "gemm::a", text: "panicked at a.rs:3\nleft: 1" }]);
    const compiler = "warning: unused\nerror[E0308]: mismatched types\n --> src/lib.rs:1\n";
    expect(failuresOfCargo(compiler)).toEqual([
      { title: "cargo test", text: "error[E0308]: mismatched types\n --> src/lib.rs:1\n" },
    ]);
    expect(failuresOfCargo("test result: ok. 1 passed; 0 failed; 0 ignored")).toEqual([]);
  });

  it("are found in turbo's output: builds and checks; tests with a tally note their own", () => {
    const output = [
      "a:build: cache miss, executing 1",
      "a:build: > tsc -b",
      "a:build: src/a.ts(1,1): error",
      "//:check:lint: src/b.ts: lint",
      "//:check:lint: 0 passed, 1 failed",
      "c:test: 3 passed, 1 failed",
      "d:test: killed",
      "Failed:    a#build, //#check:lint, c#test, d#test",
    ].join("\n");
    expect(brokenTasks(output)).toEqual([
      { task: "a#build", text: "src/a.ts(1,1): error" },
      { task: "//#check:lint", text: "src/b.ts: lint\n0 passed, 1 failed" },
      { task: "d#test", text: "killed" },
    ]);
    expect(brokenTasks("Tasks: 1 successful")).toEqual([]);
  });

  it("show the first and last lines of a text, without colours and frames of dependencies", () => {
    const stack =
      "\u001b[31mError: a\u001b[39m\n\n    at node_modules/x.js:1\n    at node:internal/y\n    at packages/z.ts:1";
    expect(formatFailure("t", stack)).toBe("FAILED t\n  Error: a\n      at packages/z.ts:1\n");
    const long = Array.from({ length: 20 }, (_, i) => `${i}`).join("\n");
    expect(formatFailure("t", long).split("\n")).toEqual([
      "FAILED t",
      ..."012345…".split("").map((digit) => `  ${digit}`),
      "  17",
      "  18",
      "  19",
      "",
    ]);
  });

  it("are appended to the file that NEFT_FAILURES names", () => {
    const folder = mkdtempSync(join(tmpdir(), "neft-failures-"));
    const file = join(folder, "failures");
    try {
      vi.stubEnv("NEFT_FAILURES", file);
      noteFailure("a", "b");
      noteFailure("c");
      expect(readFileSync(file, "utf8")).toBe("FAILED a\n  b\nFAILED c\n");
      vi.stubEnv("NEFT_FAILURES", "");
      noteFailure("d");
      expect(readFileSync(file, "utf8")).not.toContain("d\n");
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });
});
