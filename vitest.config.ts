import { defineConfig } from "vitest/config";

/** Tests import the packages by name, so they test the built files: run a build first. */
export default defineConfig({
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "bench/test/**/*.test.{ts,mjs}",
      "scripts/test/*.test.mjs",
    ],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
