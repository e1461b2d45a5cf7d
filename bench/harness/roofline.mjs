import { readFileSync } from "node:fs";
import { build } from "@neft/kernels";
import { processorTime } from "./contest.mjs";

/** Floating-point operations of one call of a probe: half a millisecond, of which the clock's microsecond is little. */
const probeFlops = 2.4e7;

/** Operations of one of the probe's multiply-adds: four lanes of a multiply and an add. */
const flopsPerMultiplyAdd = 8;

/** Times that the fastest unrolls are run: the clock changes by some percent from one moment to the next, and of a product the best of three samples counts too. */
const turns = 3;

/** After the first turn only unrolls that take at most this much longer than the fastest are run. */
const worthAnotherTurn = 1.1;

/** The probe of the build that runs (crates/roofline), with the multiply-adds of each of its unrolls. */
function loadProbe() {
  const bytes = readFileSync(new URL(`../wasm/${build()}.wasm`, import.meta.url));
  const { unrolls, multiply_adds, probe } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  return { unrolls: Array.from({ length: unrolls() }, (_, i) => multiply_adds(i)), probe };
}

/**
 * A contestant that runs every unroll of the register-only loop, the fastest a few times; it resolves to the milliseconds
 * the fastest of them needs for a billion operations.
 */
export function rooflineContestant() {
  const { unrolls, probe } = loadProbe();
  return () => {
    const times = unrolls.map(() => 0);
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, multiplyAdds] of unrolls.entries()) {
        if (times[i] > worthAnotherTurn * best) continue;
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

/** GFLOP/s of something that does `flops` a call. */
export const ratesOf = (times, flops) => times.map((ms) => flops / ms / 1e6);
