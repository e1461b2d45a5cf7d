/** Most bytes of class scores that results keep. */
const mostScoreBytes = 2 * 2 ** 30;

/**
 * Checks the size of the class scores that a call keeps, before it reads a chip.
 * @throws {RangeError} for more than 2 GiB.
 */
export function checkScoreBytes(chips: number, samples: number, classes: number, reads: number): void {
  const bytes = 4 * samples * classes * (1 + reads * chips);
  if (bytes <= mostScoreBytes) return;
  throw new RangeError(
    `evaluate: expected at most 2 GiB of kept class scores, got ${(bytes / 2 ** 30).toFixed(1)} GiB: ${samples} samples × ${classes} classes × (1 + ${reads} × ${chips} chips) × 4 bytes; take fewer chips, samples or σ`,
  );
}
