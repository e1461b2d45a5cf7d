import { readFileSync } from "node:fs";
import { build } from "@neft/kernels";
import { processorTime } from "./contest.mjs";

/** Floating-point operations of one call of the probe: about half a millisecond, long compared with the clock's resolution of 1 µs. */
const probeFlops = 2.4e7;

/** Operations of one vector multiply-add: two in each of four lanes. */
const flopsPerMultiplyAdd = 8;

/** Runs of the fastest unrolls: the clock rate varies by some percent, and of a product the best of three samples counts, too. */
const repeats = 3;

/** Unrolls slower than the fastest by more than this factor run only once. */
const repeatedWithin = 1.1;

/** The probe of the build that runs (crates/roofline), with the multiply-adds of each of its unrolls. */
function loadProbe() {
  const bytes = readFileSync(new URL(`../wasm/${build()}.wasm`, import.meta.url));
  const { unrolls, multiply_adds, probe } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return { unrolls: Array.from({ length: unrolls() }, (_, i) => multiply_adds(i)), probe };
}

/**
 * A contestant that runs every unroll of the register-only loop, the fastest ones several times. It returns the milliseconds that
 * the fastest needs for 10⁹ operations.
 */
export function rooflineContestant() {
  const { unrolls, probe } = loadProbe();
  return () => {
    const times = unrolls.map(() => 0);
    let best = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const [i, multiplyAdds] of unrolls.entries()) {
        if (times[i] > repeatedWithin * best) continue;
        const steps = Math.round(probeFlops / (flopsPerMultiplyAdd * multiplyAdds));
        const start = processorTime();
        probe(i, steps, 0.5);
        const ms = processorTime() - start;
        times[i] = (ms * 1e9) / (steps * multiplyAdds * flopsPerMultiplyAdd);
        best = Math.min(best, times[i]);
      }
    }
    return best;
  };
}

/** GFLOP/s of the roofline, from the times of a {@link rooflineContestant}. */
export const rooflineRates = (times) => times.map((ms) => 1e3 / ms);

/** GFLOP/s of work of `flops` operations per call, from milliseconds per call. */
export const ratesOf = (times, flops) => times.map((ms) => flops / ms / 1e6);
