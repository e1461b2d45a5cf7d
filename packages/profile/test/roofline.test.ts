import { setFlagsFromString } from "node:v8";
import { type Build, isRelaxedAvailable } from "@neft/kernels";
import { describe, expect, it } from "vitest";
import { unrolls } from "../src/probe-module.js";
import { loadProbe, measureRoofline } from "../src/roofline.js";

if (!isRelaxedAvailable()) setFlagsFromString("--experimental-wasm-relaxed-simd");

describe("the probe", () => {
  // s ← s·½ + ½ halves the distance to 1, which therefore counts the multiply-adds.
  it.each<Build>(["simd128", "relaxed"])("does every multiply-add of every loop (%s)", async (build) => {
    const loops = await loadProbe(build);
    expect(loops).toHaveLength(unrolls.length);
    for (const [i, { accumulators, rounds }] of unrolls.entries()) {
      const far = loops[i]!(100, 0.5) / 4;
      expect(far, `accumulators of loop ${i}`).toBe(accumulators);
      const distance = (accumulators * (accumulators - 3)) / 2;
      for (const steps of [1, 3]) {
        const sum = loops[i]!(steps, 0.5) / 4 - accumulators;
        expect(sum, `loop ${i} after ${steps} steps`).toBeCloseTo(distance / 2 ** (rounds * steps), 4);
      }
    }
  });

  it("measures the fastest loop", async () => {
    // A clock by which every sample takes a millisecond of operations at one rate: 2e7 operations in 0.01 ms.
    let time = 0;
    const rate = await measureRoofline("simd128", () => (time += 0.01));
    expect(rate).toBeCloseTo(2e7 / 0.01 / 1e6, -1);
  });

  it("stops when the signal aborts", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(measureRoofline("simd128", () => performance.now(), signal)).rejects.toBe(reason);
  });
});
