import { setFlagsFromString } from "node:v8";
import { build, init, isRelaxedAvailable } from "@neft/kernels";
import { expect, test } from "vitest";
import { cases, faults } from "./walk.js";

// One process runs one build; vitest runs each file in a separate process.
if (!isRelaxedAvailable()) setFlagsFromString("--experimental-wasm-relaxed-simd");

test("every example of every row on the relaxed build", async () => {
  await init({ relaxed: true });
  expect(build()).toBe("relaxed");
  expect(cases().flatMap(faults)).toEqual([]);
});
