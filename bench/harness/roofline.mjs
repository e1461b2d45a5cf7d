import { wasm } from "@neft/kernels";
import { processorTime } from "./contest.mjs";

/** Floating-point operations of one call of a probe: about 0.4 ms. */
const probeFlops = 1.2e7;

/** Operations a step of the probe does for each accumulator: four lanes of a multiply and an add. */
const flopsPerAccumulator = 8;

/**
 * A contestant that runs every unroll of the register-only loop once; it resolves to the milliseconds the fastest of them needs
 * for a billion operations.
 */
export function rooflineContestant() {
  const unrolls = [...wasm().rooflineUnrolls()];
  return () => {
    let best = Number.POSITIVE_INFINITY;
    for (const [i, accumulators] of unrolls.entries()) {
      const steps = Math.round(probeFlops / (flopsPerAccumulator * accumulators));
      const start = processorTime();
      wasm().rooflineProbe(i, steps, 0.5);
      const ms = processorTime() - start;
      best = Math.min(best, (ms * 1e9) / (steps * accumulators * flopsPerAccumulator));
    }
    return best;
  };
}

/** GFLOP/s of the roofline, from the times of a {@link rooflineContestant}. */
export const rooflineRates = (times) => times.map((ms) => 1e3 / ms);

/** GFLOP/s of something that does `flops` a call. */
export const ratesOf = (times, flops) => times.map((ms) => flops / ms / 1e6);
