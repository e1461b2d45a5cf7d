// Timing in turn: every round runs each contestant, so that what disturbs the machine disturbs all of them.

/** Rounds when the command line says nothing else; a median needs ten. */
export const defaultRounds = 11;

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Milliseconds of processor time this process has used. Other programs on the machine don't count, so ratios of work done by
 * one thread hold on a busy machine too; what V8 does beside that thread counts.
 */
export function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

/** Milliseconds on the wall: for work of several threads or processes. */
export const wallTime = () => performance.now();

/** Calls longer than this are timed singly, once a round. */
const longMs = 20;

/**
 * Times contestants in turn.
 *
 * @param contestants  by name: a function that does the work once and may return a promise. One that returns (or resolves to)
 *   a number has measured itself, in milliseconds.
 * @param rounds       rounds that count.
 * @param warmUp       rounds before them: V8 compiles a hot function twice.
 * @param sampleMs     calls are repeated until a sample lasts about this long.
 * @param best         samples of a round, of which the shortest counts; 1 for long calls.
 * @param clock        `processorTime` unless said.
 * @returns {Promise<Record<string, Float64Array>>} milliseconds a call, one for each round.
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

/** Milliseconds a call. */
async function sample(work, calls, clock) {
  const start = clock();
  let measured;
  for (let i = 0; i < calls; i++) {
    const result = work();
    measured = result instanceof Promise ? await result : result;
  }
  return typeof measured === "number" ? measured : (clock() - start) / calls;
}

/** Median of the ratios of each round. */
export function medianRatio(numerators, denominators) {
  return median(numerators.map((value, round) => value / denominators[round]));
}

/** exp(mean(log)) */
export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
