/**
 * Functions of numbers in f64 from sums, products and quotients alone: those of Math may differ between engines. For tables and settings,
 * not for data; their error is below 1e-15 relative to the result, of sine and cosine to 1.
 */

/** Σ xⁱ·coefficients[i]. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

/** Coefficients sign^i/(2i + start)! of x²ⁱ for i below 10. */
function alternating(start: 0 | 1): number[] {
  let factor = 1;
  return Array.from({ length: 10 }, (_, i) => {
    if (i > 0) factor /= -(2 * i + start) * (2 * i + start - 1);
    return factor;
  });
}

const [cosine, sine] = [alternating(0), alternating(1)];

/**
 * Cosine and sine of k/n of a full turn.
 *
 * @param k  A whole number.
 * @param n  A whole number ≥ 1.
 */
export function turn(k: number, n: number): readonly [cos: number, sin: number] {
  // In quarter turns, by symmetries down to an eighth of a turn; all of these are exact.
  let quarters = 4 * (((k % n) + n) % n);
  const isLower = quarters > 2 * n;
  if (isLower) quarters = 4 * n - quarters;
  const isLeft = quarters > n;
  if (isLeft) quarters = 2 * n - quarters;
  const isSteep = 2 * quarters > n;
  const x = (Math.PI / 2) * ((isSteep ? n - quarters : quarters) / n);
  const [near, far] = [polynomial(x * x, cosine), x * polynomial(x * x, sine)];
  const [cos, sin] = isSteep ? [far, near] : [near, far];
  return [isLeft ? -cos : cos, isLower ? -sin : sin];
}

/** ln x for a finite x > 0. */
export function ln(x: number): number {
  let [mantissa, exponent] = [x, 0];
  for (; mantissa > Math.SQRT2; mantissa /= 2) exponent++;
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) exponent--;
  // ln m = 2·artanh s with s = (m − 1)/(m + 1), |s| < 0.172
  const s = (mantissa - 1) / (mantissa + 1);
  const series = Array.from({ length: 13 }, (_, i) => 2 / (2 * i + 1));
  return exponent * Math.LN2 + s * polynomial(s * s, series);
}

/** e^x for |x| ≤ 700. */
export function exponential(x: number): number {
  const k = Math.round(x / Math.LN2);
  let [sum, term] = [1, 1];
  const rest = x - k * Math.LN2;
  for (let i = 1; i <= 18; i++) {
    term *= rest / i;
    sum += term;
  }
  return sum * 2 ** k;
}
