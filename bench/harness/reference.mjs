// Naive float64 references for some of a kernel's outputs; all of them would take minutes.

/** Number of checked outputs per array. */
const sampled = 100;

/**
 * Bound of |ours − reference| relative to Σ|a·b|, the sum of the products' magnitudes. Blocked float32 sums stay well below it; one
 * product in a thousand that is missing or counted twice exceeds it.
 */
const tolerance = 4e-6;

/** Positions spread over an array by a step that is coprime to nearly all sizes, and the first and last position. */
function positions(count) {
  const step = 7919;
  const spread = Array.from({ length: Math.min(sampled, count) }, (_, i) => (i * step) % count);
  return [...new Set([0, ...spread, count - 1])];
}

/**
 * Compares sampled entries of an array with their reference, addend(index) + Σ a·b.
 *
 * @param entry   (index) → iterable of the factors [a, b].
 * @param addend  (index) → the value added to the sum. Default: 0.
 * @throws {Error} naming the first entry that differs.
 */
export function checkSampled(what, values, entry, addend = () => 0) {
  for (const index of positions(values.length)) {
    let sum = addend(index);
    let magnitude = Math.abs(sum);
    for (const [a, b] of entry(index)) {
      sum += a * b;
      magnitude += Math.abs(a * b);
    }
    const error = Math.abs(values[index] - sum);
    if (!(error <= tolerance * magnitude + 1e-30)) {
      throw new Error(`${what}: expected ${sum} at ${index}, got ${values[index]}; a wrong kernel isn't timed`);
    }
  }
}

/**
 * Compares a network's outputs with the peer's, by tolerance·max(1, |expected|).
 *
 * @param tolerance  Default: 1e-3.
 * @throws {Error} naming the first output that differs.
 */
export function checkOutputs(what, ours, theirs, tolerance = 1e-3) {
  for (const [name, expected] of Object.entries(theirs)) {
    const got = ours[name] ?? [];
    if (got.length !== expected.length)
      throw new Error(`${what}: expected ${expected.length} elements of ${name}, got ${got.length}`);
    for (let i = 0; i < expected.length; i++) {
      const [a, b] = [Number(got[i]), Number(expected[i])];
      if (Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))) continue;
      throw new Error(`${what}: expected ${b} at ${i} of ${name}, got ${a}; a wrong network isn't timed`);
    }
  }
}

/** Root mean square error of sampled entries, relative to the root mean square of their references. */
export function relativeError(values, entry) {
  let [errors, squares] = [0, 0];
  for (const index of positions(values.length)) {
    let sum = 0;
    for (const [a, b] of entry(index)) sum += a * b;
    errors += (values[index] - sum) * (values[index] - sum);
    squares += sum * sum;
  }
  return Math.sqrt(errors / squares);
}

/** Factors of C[i, j] of op(A)·op(B). */
export function* gemmEntry(index, { transA, transB, m, n, k }, a, b) {
  const [i, j] = [Math.floor(index / n), index % n];
  for (let l = 0; l < k; l++) yield [a[transA ? l * m + i : i * k + l], b[transB ? j * k + l : l * n + j]];
}

/** Factors of y[n, oc, i, j] of a convolution. */
export function* convForwardEntry(index, layer, x, w) {
  const { c, h, width, oc, oh, ow, groups, kernel } = layer;
  const [image, channel, row, column] = unravel(index, oc, oh, ow);
  const perGroup = c / groups;
  const group = Math.floor(channel / (oc / groups));
  for (let ci = 0; ci < perGroup; ci++) {
    for (const [tap, i, j] of windowOf(layer, row, column)) {
      const at = ((image * c + group * perGroup + ci) * h + i) * width + j;
      yield [x[at], w[(channel * perGroup + ci) * kernel * kernel + tap]];
    }
  }
}

/** Factors of dx[n, c, i, j], one pair for each output whose window contains the pixel. */
export function* convInputEntry(index, layer, dy, w) {
  const { c, h, width, oc, oh, ow, groups, kernel, stride, padding } = layer;
  const [image, channel, row, column] = unravel(index, c, h, width);
  const [perGroup, outputs] = [c / groups, oc / groups];
  const group = Math.floor(channel / perGroup);
  for (let o = group * outputs; o < (group + 1) * outputs; o++) {
    for (let ki = 0; ki < kernel; ki++) {
      for (let kj = 0; kj < kernel; kj++) {
        const [i, j] = [(row + padding - ki) / stride, (column + padding - kj) / stride];
        if (!Number.isInteger(i) || !Number.isInteger(j) || i < 0 || j < 0 || i >= oh || j >= ow) continue;
        const weight = w[(o * perGroup + (channel % perGroup)) * kernel * kernel + ki * kernel + kj];
        yield [dy[((image * oc + o) * oh + i) * ow + j], weight];
      }
    }
  }
}

/** Factors of dW[oc, c/groups, ki, kj]. */
export function* convWeightEntry(index, layer, x, dy) {
  const { n, c, h, width, oc, oh, ow, groups, kernel, stride, padding } = layer;
  const perGroup = c / groups;
  const [o, ci, ki, kj] = unravel(index, perGroup, kernel, kernel);
  const channel = Math.floor(o / (oc / groups)) * perGroup + ci;
  for (let image = 0; image < n; image++) {
    for (let row = 0; row < oh; row++) {
      const i = row * stride + ki - padding;
      if (i < 0 || i >= h) continue;
      for (let column = 0; column < ow; column++) {
        const j = column * stride + kj - padding;
        if (j < 0 || j >= width) continue;
        yield [x[((image * c + channel) * h + i) * width + j], dy[((image * oc + o) * oh + row) * ow + column]];
      }
    }
  }
}

/** [index in the kernel, row, column] of a window's pixels inside the image. */
function* windowOf({ h, width, kernel, stride, padding }, row, column) {
  for (let ki = 0; ki < kernel; ki++) {
    const i = row * stride + ki - padding;
    if (i < 0 || i >= h) continue;
    for (let kj = 0; kj < kernel; kj++) {
      const j = column * stride + kj - padding;
      if (j >= 0 && j < width) yield [ki * kernel + kj, i, j];
    }
  }
}

/** The four indices of a flat position in an array whose last three axes have these lengths. */
function unravel(index, second, third, fourth) {
  const rest = Math.floor(index / fourth);
  return [Math.floor(rest / third / second), Math.floor(rest / third) % second, rest % third, index % fourth];
}
