/**
 * Mean of the faster half of some times: the rounds in which other programs, compilation and garbage collection disturbed least.
 *
 * @param times  At least one.
 */
export function fastestHalf(times: readonly number[]): number {
  const kept = [...times].sort((a, b) => a - b).slice(0, Math.ceil(times.length / 2));
  return kept.reduce((sum, time) => sum + time, 0) / kept.length;
}
