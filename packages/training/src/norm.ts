/** Euclidean length of all values together, summed in float64. */
export function norm(lists: readonly Float32Array[]): number {
  let sum = 0;
  for (const list of lists) for (const value of list) sum += value * value;
  return Math.sqrt(sum);
}
