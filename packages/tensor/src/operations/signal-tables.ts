import { exponential, ln, turn } from "../elementary.js";
import { fromWriter, type Tensor } from "../tensor.js";
import { checkedSize } from "./element-positions.js";

/** Names of windows. */
export type WindowName = "hann" | "hamming" | "blackman";

/** Coefficients of cos(2πkn/N), k = 0, 1, …: of ONNX, whose Hamming window has 25/46. */
const coefficients: Readonly<Record<WindowName, readonly number[]>> = {
  hann: [0.5, -0.5],
  hamming: [25 / 46, -21 / 46],
  blackman: [0.42, -0.5, 0.08],
};

/**
 * Factors of the samples of a frame.
 *
 * @param periodic  N is the size; else size − 1. Default: true.
 * @throws {RangeError} when the size isn't a whole number ≥ 0.
 */
export function signalWindow(
  name: WindowName,
  size: number,
  { periodic = true }: { readonly periodic?: boolean } = {},
): Tensor {
  checkedSize(`${name} window`, [size]);
  const period = Math.max(1, periodic ? size : size - 1);
  return fromWriter([size], (values) => {
    for (let n = 0; n < size; n++) {
      values[n] = coefficients[name].reduce((sum, factor, k) => sum + factor * turn(k * n, period)[0], 0);
    }
  });
}

/** Attributes of {@link melWeightMatrix}. */
export interface MelAttributes {
  /** Number of bands. */
  readonly bands: number;
  /** Number of samples of the transform. */
  readonly length: number;
  /** Samples per second. */
  readonly sampleRate: number;
  /** Lowest frequency, in Hz. */
  readonly low: number;
  /** Highest frequency, in Hz. */
  readonly high: number;
}

/** Weights of the frequencies of a one-sided transform in bands of the mel scale: [⌊length/2⌋ + 1, bands], triangles with peaks of 1. */
export function melWeightMatrix({ bands, length, sampleRate, low, high }: MelAttributes): Tensor {
  const rows = Math.floor(length / 2) + 1;
  checkedSize("melWeightMatrix", [bands, rows]);
  if (!(low >= 0 && high >= low && high < Infinity && sampleRate > 0 && length >= 1)) {
    throw new RangeError(
      `melWeightMatrix: expected a length and a sample rate above 0 and frequencies 0 ≤ low ≤ high, got ${length}, ${sampleRate}, ${low}, ${high}`,
    );
  }
  // mel(f) = 2595·log₁₀(1 + f/700): equal steps in mel are equal ratios of 1 + f/700.
  const [first, ratio] = [1 + low / 700, ln((1 + high / 700) / (1 + low / 700))];
  const edges = Array.from({ length: bands + 2 }, (_, i) => {
    const frequency = 700 * (first * exponential((ratio * i) / (bands + 2)) - 1);
    return Math.floor(((length + 1) * frequency) / sampleRate);
  });
  if (edges.some((edge) => edge > rows)) {
    throw new RangeError(`melWeightMatrix: expected frequencies up to half of ${sampleRate} Hz, got ${high}`);
  }
  return fromWriter([rows, bands], (values) => {
    values.fill(0);
    const set = (row: number, band: number, value: number) => {
      if (row < rows) values[row * bands + band] = value;
    };
    for (let band = 0; band < bands; band++) {
      const [left, centre, right] = edges.slice(band, band + 3) as [number, number, number];
      if (left === centre) set(centre, band, 1);
      for (let j = left; left < centre && j <= centre; j++) set(j, band, (j - left) / (centre - left));
      for (let j = centre; j < right; j++) set(j, band, (right - j) / (right - centre));
    }
  });
}
