/**
 * Significances 2^{iK} of the n = M/K cells that hold a value of M bits, K bits a cell, the lowest digit first. A value that isn't
 * quantised (M null) has one cell.
 */
export function significances(weightBits: number | null, bitsPerCell: number): readonly number[] {
  if (weightBits === null) return [1];
  return Array.from({ length: weightBits / bitsPerCell }, (_, slice) => 2 ** (slice * bitsPerCell));
}

/**
 * Standard deviation of a value of M bits that is sliced over n = M/K cells of K bits, relative to its range and to one cell's σ:
 * √(Σ_{i<n} 4^{iK}) / Σ_{i<n} 2^{iK}. Cells vary independently; cell i has significance 2^{iK}.
 */
export function slicingFactor(weightBits: number | null, bitsPerCell: number): number {
  let squares = 0;
  let total = 0;
  for (const significance of significances(weightBits, bitsPerCell)) {
    squares += significance * significance;
    total += significance;
  }
  return Math.sqrt(squares) / total;
}
