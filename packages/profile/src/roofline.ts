import type { Build } from "@neft/kernels";
import { nextTurn } from "@neft/work";
import type { Clock } from "./clock.js";
import { probeModule, unrolls } from "./probe-module.js";

/** Operations of one vector multiply-add: two in each of four lanes. */
const flopsPerMultiplyAdd = 8;

/** Operations of one sample: a short one is seldom interrupted by other programs, a long one suits a clock of low resolution. */
const flopsPerSample = { short: 2e7, long: 2e8 } as const;

/** Lowest resolution of a clock, in milliseconds, for short samples. */
const fineResolution = 0.02;

/** Rounds of samples. The clock rate varies by some percent, and other programs take turns on the CPU. */
const rounds = 20;

/** First rounds of short samples, in which engines compile the loops with optimisations. A loop that is running stays as it is. */
const warmUp = 3;

/** Loops slower than the fastest by more than this factor aren't sampled again. */
const repeatedWithin = 1.1;

/** Runs one of the probe's loops; see `probeModule`. */
export type ProbeLoop = (steps: number, factor: number) => number;

/** Compiles the probe of a build: one function for each of `unrolls`. */
export async function loadProbe(build: Build): Promise<ProbeLoop[]> {
  const { instance } = await WebAssembly.instantiate(probeModule(build));
  return unrolls.map((_, i) => instance.exports[String(i)] as unknown as ProbeLoop);
}

/**
 * Measures the roofline of one thread: the GFLOP/s of the fastest loop of multiply-adds that touch registers only. The default build
 * multiplies and adds in two instructions, the relaxed build in one. Returns to the event loop after every sample.
 */
export async function measureRoofline(build: Build, now: Clock, signal?: AbortSignal): Promise<number> {
  const loops = await loadProbe(build);
  const rates = unrolls.map(() => 0);
  let best = 0;
  const sample = async (i: number, flops: number): Promise<number> => {
    await nextTurn();
    signal?.throwIfAborted();
    const { accumulators, rounds } = unrolls[i]!;
    const flopsPerStep = accumulators * rounds * flopsPerMultiplyAdd;
    const steps = Math.ceil(flops / flopsPerStep);
    const start = now();
    loops[i]!(steps, 0.5);
    return (steps * flopsPerStep) / (now() - start) / 1e6;
  };
  for (let round = 0; round < warmUp; round++)
    for (const i of unrolls.keys()) await sample(i, flopsPerSample.short / 10);
  const flops = resolutionOf(now) <= fineResolution ? flopsPerSample.short : flopsPerSample.long;
  const count = flops === flopsPerSample.short ? rounds : rounds / 2;
  for (let round = 0; round < count; round++) {
    for (const i of unrolls.keys()) {
      if (round > 0 && rates[i]! * repeatedWithin < best) continue;
      rates[i] = Math.max(rates[i]!, await sample(i, flops));
      best = Math.max(best, rates[i]!);
    }
  }
  return best;
}

/** Smallest difference between two different readings of a clock, in milliseconds. */
function resolutionOf(now: Clock): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const start = now();
    let end = start;
    while (end === start) end = now();
    smallest = Math.min(smallest, end - start);
  }
  return smallest;
}
