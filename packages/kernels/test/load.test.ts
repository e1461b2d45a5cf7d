import { allocate, build, init, isRelaxedAvailable, wasm } from "@neft/kernels";
import { expect, test } from "vitest";

// The order of the tests matters: a process loads the kernels once.
test("every call before init is an error", () => {
  expect(() => wasm()).toThrow("kernels: expected init() to have finished, got a call before; await init() first");
  expect(() => build()).toThrow("await init() first");
  expect(() => allocate(4)).toThrow("await init() first");
});

test.skipIf(isRelaxedAvailable())(
  "an engine without relaxed SIMD refuses the relaxed build, and the default still loads",
  async () => {
    await expect(init({ relaxed: true })).rejects.toThrow(
      "init: expected an engine with relaxed SIMD, got one without",
    );
  },
);

test("init can be called again, concurrently or later, for the same build only", async () => {
  await Promise.all([init(), init({ relaxed: false })]);
  await init();
  expect(build()).toBe("simd128");
  await expect(init({ relaxed: true })).rejects.toThrow(
    "init: expected the simd128 build asked for first, got relaxed",
  );
});
