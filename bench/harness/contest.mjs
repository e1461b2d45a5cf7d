// Interleaved timing: every round runs each contestant, so that disturbances of the machine affect all of them.

/** Default number of rounds; a median needs about ten. */
export const defaultRounds = 11;

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Milliseconds of processor time that this process has used. Other programs on the machine don't count, so ratios of single-threaded
 * work hold on a busy machine; V8's background threads count.
 */
export function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Milliseconds of wall time, for work of several threads or processes. */
export const wallTime = () => performance.now();

/** Calls longer than this are timed once per round. */
const longMs = 20;

/**
 * Times contestants, interleaved.
 *
 * @param contestants  functions by name, each of which does its work once and may return a promise. One that returns (or resolves
 *   to) a number has measured itself, in milliseconds.
 * @param rounds       counted rounds. Default: 11.
 * @param warmUp       rounds before them that don't count; V8 compiles a hot function twice. Default: 3.
 * @param sampleMs     calls are repeated until a sample takes about this long. Default: 2.
 * @param best         samples per round, of which the shortest counts; 1 for calls above 20 ms. Default: 3.
 * @param clock        Default: `processorTime`.
 * @returns {Promise<Record<string, Float64Array>>} milliseconds per call, one value per round.
 */
export async function contest(contestants, options = {}) {
  const { rounds = defaultRounds, warmUp = 3, sampleMs = 2, best = 3, clock = processorTime } = options;
  const entries = Object.entries(contestants);
  const calls = Object.fromEntries(entries.map(([name]) => [name, 1]));
  const samples = Object.fromEntries(entries.map(([name]) => [name, 1]));
  const times = Object.fromEntries(entries.map(([name]) => [name, new Float64Array(rounds)]));
  for (let round = -warmUp; round < rounds; round++) {
    for (const [name, work] of entries) {
      let shortest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < samples[name]; i++) shortest = Math.min(shortest, await sample(work, calls[name], clock));
      if (round >= 0) {
        times[name][round] = shortest;
      } else {
        calls[name] = Math.max(1, Math.ceil(sampleMs / Math.max(shortest, 1e-4)));
        samples[name] = shortest > longMs ? 1 : best;
      }
    }
  }
  return times;
}

/** Milliseconds per call, over `calls` calls. */
async function sample(work, calls, clock) {
  const start = clock();
  let measured;
  for (let i = 0; i < calls; i++) {
    const result = work();
    measured = result instanceof Promise ? await result : result;
  }
  return typeof measured === "number" ? measured : (clock() - start) / calls;
}

/** Median over the rounds of numerator / denominator. */
export function medianRatio(numerators, denominators) {
  return median(numerators.map((value, round) => value / denominators[round]));
}

/** exp(mean(log)) */
export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
