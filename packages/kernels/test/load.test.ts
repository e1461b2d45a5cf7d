import { allocate, build, init, isRelaxedAvailable, wasm } from "@neft/kernels";
import { expect, test } from "vitest";

// One after the other: a process loads the kernels once.
test("before init every call says so", () => {
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

test("init may be asked twice, at once or later, for the same build only", async () => {
  await Promise.all([init(), init({ relaxed: false })]);
  await init();
  expect(build()).toBe("simd128");
  await expect(init({ relaxed: true })).rejects.toThrow(
    "init: expected the simd128 build asked for first, got relaxed",
  );
});
