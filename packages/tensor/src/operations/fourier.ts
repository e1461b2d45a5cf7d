import { turn } from "../elementary.js";
import { axisOf, type Shape, shapeText } from "../shape.js";
import { fromWriter, type Tensor } from "../tensor.js";
import { mul } from "./arithmetic.js";
import { checkedSize } from "./element-positions.js";
import { pad } from "./indexing.js";
import { reshape, transpose } from "./layout.js";
import { matmul } from "./products.js";
import { sliceAxis } from "./split.js";
import { unfoldAxis } from "./unfold.js";

/** Attributes of {@link dft}. */
export interface DftAttributes {
  /** The transformed axis. Default: −2, the last before the parts. */
  readonly axis?: number;
  /** Number of samples of the transform: x is cut or padded with zeros behind. Default: the size of the axis. */
  readonly length?: number | undefined;
  /** Default: false. */
  readonly inverse?: boolean;
  /** Give the first ⌊length/2⌋ + 1 frequencies only; with `inverse`, take these and give a real signal. Default: false. */
  readonly oneSided?: boolean;
}

/** Geometry of a transform along one axis. */
interface Transform {
  /** Number of samples that the sum runs over. */
  readonly terms: number;
  /** Number of results. */
  readonly results: number;
  readonly length: number;
  /** 1 for a real signal, 2 for real and imaginary parts. */
  readonly parts: number;
  readonly isInverse: boolean;
  /** The result is real. */
  readonly isReal: boolean;
}

/**
 * The matrix of a transform, [terms·parts, results·result parts]. Its angles are reduced exactly, in whole fractions of a turn.
 */
function matrixOf({ terms, results, length, parts, isInverse, isReal }: Transform): Tensor {
  const columns = results * (isReal ? 1 : 2);
  checkedSize("dft", [terms * parts, columns]);
  const [cosines, sines] = [new Float64Array(length), new Float64Array(length)];
  for (let k = 0; k < length; k++) [cosines[k], sines[k]] = turn(k, length);
  return fromWriter([terms * parts, columns], (values) => {
    let at = 0;
    for (let t = 0; t < terms; t++) {
      // A real signal has the same terms above half its frequencies, conjugated.
      const isMirrored = isReal && t > 0 && 2 * t < length;
      const factor = (isInverse ? 1 / length : 1) * (isMirrored ? 2 : 1);
      for (let part = 0; part < parts; part++) {
        for (let r = 0; r < results; r++) {
          const k = (t * r) % length;
          const [cos, sin] = [cosines[k]!, sines[k]!];
          const imaginary = isInverse ? sin : -sin;
          values[at++] = factor * (part === 0 ? cos : -imaginary);
          if (!isReal) values[at++] = factor * (part === 0 ? imaginary : cos);
        }
      }
    }
  });
}

/** Cuts an axis, or pads it with zeros behind, to a size. */
function resizeAxis(x: Tensor, axis: number, size: number): Tensor {
  const missing = size - x.shape[axis]!;
  if (missing <= 0) return sliceAxis(x, axis, 0, size);
  return pad(x, { pads: [...x.shape.map(() => 0), ...x.shape.map((_, i) => (i === axis ? missing : 0))] });
}

/** Geometry of {@link dft}. @throws {RangeError} as it. */
function transformOf(
  shape: Shape,
  { axis = -2, length, inverse = false, oneSided = false }: DftAttributes,
): Transform & { readonly axis: number } {
  const rank = shape.length;
  const at = axisOf("dft", axis, rank);
  const parts = shape[rank - 1];
  if (rank < 2 || at === rank - 1 || (parts !== 1 && parts !== 2)) {
    throw new RangeError(`dft: expected an input [.., 1 or 2] and another axis, got ${shapeText(shape)} and ${axis}`);
  }
  const isReal = inverse && oneSided;
  const size = length ?? (isReal ? 2 * (shape[at]! - 1) : shape[at]!);
  if (!(Number.isInteger(size) && size >= 1)) throw new RangeError(`dft: expected a length ≥ 1, got ${size}`);
  const half = Math.floor(size / 2) + 1;
  const terms = isReal ? half : Math.min(size, shape[at]!);
  const results = oneSided && !inverse ? half : size;
  return { axis: at, terms, results, length: size, parts, isInverse: inverse, isReal };
}

/** Shape of the output of {@link dft}. @throws {RangeError} as it. */
export function dftShape(shape: Shape, attributes: DftAttributes = {}): number[] {
  const { axis, results, isReal } = transformOf(shape, attributes);
  return [...shape.map((dim, i) => (i === axis ? results : dim)).slice(0, -1), isReal ? 1 : 2];
}

/**
 * Discrete Fourier transform along one axis, as a product with a table of cosines and sines.
 *
 * @param x  [.., 1] for real signals, [.., 2] for real and imaginary parts.
 * @returns [.., 2]; real signals [.., 1] for an inverse one-sided transform.
 * @throws {RangeError} when x isn't of this shape, the axis is that of the parts, or the length isn't a whole number ≥ 1 whose table has at
 *   most 2²⁸ elements.
 */
export function dft(x: Tensor, attributes: DftAttributes = {}): Tensor {
  const transform = transformOf(x.shape, attributes);
  const { axis: at, terms, results, parts, isReal } = transform;
  const rank = x.shape.length;
  const signal = resizeAxis(x, at, terms);
  // The axis goes behind the others, in front of the parts.
  const perm = [...x.shape.keys()].filter((i) => i !== at && i !== rank - 1);
  const rows = transpose(signal, { perm: [...perm, at, rank - 1] });
  const others = perm.map((i) => x.shape[i]!);
  const matrix = matrixOf(transform);
  const y = reshape(matmul(reshape(rows, [...others, terms * parts]), matrix), [...others, results, isReal ? 1 : 2]);
  const back = [...perm, at, rank - 1];
  return transpose(y, { perm: back.map((_, i) => back.indexOf(i)) });
}

/** Attributes of {@link stft}. */
export interface StftAttributes {
  /** Distance of neighbouring frames. */
  readonly step: number;
  /** Number of samples of a frame. Default: that of the window, or of the signal. */
  readonly length?: number | undefined;
  /** Factors of the samples of a frame. Default: 1. */
  readonly window?: Tensor | undefined;
  /** Give the first ⌊length/2⌋ + 1 frequencies only. Default: true. */
  readonly oneSided?: boolean;
}

/**
 * Fourier transforms of the frames of signals.
 *
 * @param x  [n, samples, 1 or 2].
 * @returns [n, frames, frequencies, 2].
 * @throws {RangeError} when shapes don't match, or a frame is longer than the signal.
 */
export function stft(x: Tensor, { step, length, window, oneSided = true }: StftAttributes): Tensor {
  const size = length ?? window?.size ?? x.shape[1]!;
  if (x.shape.length !== 3 || (window && (window.shape.length !== 1 || window.size !== size))) {
    throw new RangeError(
      `stft: expected a signal [n, samples, 1 or 2] and a window [${size}], got ${shapeText(x.shape)} and ${window ? shapeText(window.shape) : "none"}`,
    );
  }
  const frames = unfoldAxis("stft", x, { axis: 1, kernel: size, stride: step, dilation: 1, before: 0, after: 0 });
  const weighted = window ? mul(frames, reshape(window, [size, 1])) : frames;
  return dft(weighted, { axis: 2, oneSided });
}
