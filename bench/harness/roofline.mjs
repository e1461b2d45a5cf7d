import { wasm } from "@neft/kernels";
import { processorTime } from "./contest.mjs";

/** Floating-point operations of one call of a probe: about 0.4 ms. */
const probeFlops = 1.2e7;

/** Operations of one of the probe's multiply-adds: four lanes of a multiply and an add. */
const flopsPerMultiplyAdd = 8;

/** Times that each unroll is run: the clock changes by some percent from one moment to the next, and of a product the best of three samples counts too. */
const turns = 3;

/**
 * A contestant that runs every unroll of the register-only loop a few times; it resolves to the milliseconds the fastest of
 * them needs for a billion operations.
 */
export function rooflineContestant() {
  const unrolls = [...wasm().rooflineUnrolls()];
  return () => {
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 0; turn < turns; turn++) {
      for (const [i, multiplyAdds] of unrolls.entries()) {
        const steps = Math.round(probeFlops / (flopsPerMultiplyAdd * multiplyAdds));
        const start = processorTime();
        wasm().rooflineProbe(i, steps, 0.5);
        const ms = processorTime() - start;
        best = Math.min(best, (ms * 1e9) / (steps * multiplyAdds * flopsPerMultiplyAdd));
      }
    }
    return best;
  };
}

/** GFLOP/s of the roofline, from the times of a {@link rooflineContestant}. */
export const rooflineRates = (times) => times.map((ms) => 1e3 / ms);

/** GFLOP/s of something that does `flops` a call. */
export const ratesOf = (times, flops) => times.map((ms) => flops / ms / 1e6);
