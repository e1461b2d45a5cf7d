import { defineConfig } from "vitest/config";

/** Tests of the assembled package, which scripts/run.mjs builds first. */
export default defineConfig({
  test: {
    pool: "forks",
    // One after another: each takes all cores, and times out on a machine that does several at once.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
    projects: [
      {
        extends: true,
        test: {
          name: "package",
          include: ["packages/neft/test/package/**/*.test.ts"],
          globalSetup: "packages/neft/test/package/setup.ts",
        },
      },
    ],
  },
});
