/** Relative deviation max|a − b| / max|b|, as the golden files define it. */
export function largestDeviation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`expected ${b.length} values, got ${a.length}`);
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    // Math.max would lose a NaN's place; a comparison that is false keeps it visible.
    if (!(Math.abs(a[i]! - b[i]!) <= difference)) difference = Math.abs(a[i]! - b[i]!);
    if (Math.abs(b[i]!) > size) size = Math.abs(b[i]!);
  }
  return difference / size;
}
