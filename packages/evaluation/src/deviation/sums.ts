/**
 * Sums over all samples of one output on one chip, y against the clean network's y₀. Sums over a sample are taken in the order of its
 * elements and then added in the order of the samples, in float64, so that they don't depend on batches or workers.
 */
export interface DeviationSums {
  /** Σ (y − y₀)². */
  readonly error: number;
  /** Σ y². */
  readonly power: number;
  /** Σ y₀². */
  readonly cleanPower: number;
  /** Σ y·y₀. */
  readonly product: number;
  /** Number of vectors along the last axis whose largest element is at the same place, and of all such vectors. */
  readonly agreed: number;
  readonly vectors: number;
  /** Number of elements. */
  readonly elements: number;
}

export const noSums: DeviationSums = {
  error: 0,
  power: 0,
  cleanPower: 0,
  product: 0,
  agreed: 0,
  vectors: 0,
  elements: 0,
};

/** Index of the first element that isn't finite; −1 if all are. */
export const firstNotFinite = (values: Float32Array): number => values.findIndex((value) => !Number.isFinite(value));

/** Index of the largest element of values [from, to); the first on ties. */
function argmax(values: Float32Array, from: number, to: number): number {
  let best = from;
  for (let i = from + 1; i < to; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/**
 * Adds samples to sums.
 *
 * @param values  Outputs of the samples, one after the other.
 * @param clean  Those of the clean network.
 * @param size  Elements of one sample.
 * @param last  Length of the last axis, along which the largest elements are compared.
 */
export function addSamples(
  sums: DeviationSums,
  values: Float32Array,
  clean: Float32Array,
  size: number,
  last: number,
): DeviationSums {
  let { error, power, cleanPower, product, agreed } = sums;
  for (let from = 0; from < clean.length; from += size) {
    let [own, ofClean, both, apart] = [0, 0, 0, 0];
    for (let i = from; i < from + size; i++) {
      const y = values[i]!;
      const y0 = clean[i]!;
      own += y * y;
      ofClean += y0 * y0;
      both += y * y0;
      apart += (y - y0) * (y - y0);
    }
    power += own;
    cleanPower += ofClean;
    product += both;
    error += apart;
  }
  const vectors = clean.length / last;
  for (let from = 0; from < clean.length; from += last) {
    if (argmax(values, from, from + last) === argmax(clean, from, from + last)) agreed++;
  }
  return {
    error,
    power,
    cleanPower,
    product,
    agreed,
    vectors: sums.vectors + (last > 1 ? vectors : 0),
    elements: sums.elements + clean.length,
  };
}

/** How far the outputs of one chip are from those of the clean network. */
export interface ChipDeviation {
  /** ‖y − y₀‖ / ‖y₀‖. */
  readonly relativeError: number;
  /** y·y₀ / (‖y‖·‖y₀‖); 0 for outputs that are zero everywhere. */
  readonly cosine: number;
  /** Share of the vectors along the last axis whose largest element is at the same place, in percent; null if the axis has length 1. */
  readonly agreement: number | null;
}

/**
 * The deviation of one or several outputs, which count equally: those of the vector that has all of them, each divided by ‖y₀‖. The
 * agreement of several outputs is the mean of theirs. Without variation it is exactly 0, 1 and 100 %.
 */
export function deviationOf(outputs: readonly DeviationSums[]): ChipDeviation {
  const total = (of: (sums: DeviationSums) => number): number => outputs.reduce((sum, one) => sum + of(one), 0);
  const error = total((one) => one.error / one.cleanPower);
  const product = total((one) => one.product / one.cleanPower);
  const power = total((one) => one.power / one.cleanPower);
  const compared = outputs.filter(({ vectors }) => vectors > 0);
  const agreement = compared.reduce((sum, { agreed, vectors }) => sum + (100 * agreed) / vectors, 0) / compared.length;
  return {
    relativeError: Math.sqrt(error / outputs.length),
    // Rounding can leave the range by an ulp.
    cosine: power === 0 ? 0 : Math.min(1, Math.max(-1, product / Math.sqrt(outputs.length * power))),
    agreement: compared.length === 0 ? null : agreement,
  };
}
