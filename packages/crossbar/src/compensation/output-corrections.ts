import { alongOutputs } from "@neft/model";
import { add, mul, type Tensor, tensor, transpose } from "@neft/tensor";

/** A line for each output of a layer: what its sums are multiplied by, and what is added then. */
export interface OutputLines {
  readonly factors: Float32Array;
  readonly offsets: Float32Array;
}

/** Elements of y as [reads, outputs], for outputs along axis 1 or the last one. */
function byOutput(y: Tensor, channels: 1 | -1): { readonly values: Float32Array; readonly outputs: number } {
  if (channels === -1) return { values: y.floats(), outputs: y.shape.at(-1)! };
  const perm = [0, ...y.shape.slice(2).map((_, i) => 2 + i), 1];
  return { values: transpose(y, { perm }).floats(), outputs: y.shape[1]! };
}

/**
 * The lines that bring the sums of a layer nearest to the exact ones, in the mean square over all reads.
 *
 * @param channels   Axis of the outputs.
 * @param hasOffset  Whether lines have an offset; without, they go through 0.
 */
export function fitOutputs(sums: Tensor, exact: Tensor, channels: 1 | -1, hasOffset: boolean): OutputLines {
  const [{ values: xs, outputs }, { values: ys }] = [byOutput(sums, channels), byOutput(exact, channels)];
  const reads = xs.length / outputs;
  const [factors, offsets] = [new Float32Array(outputs), new Float32Array(outputs)];
  for (let o = 0; o < outputs; o++) {
    let [sx, sy, sxx, sxy] = [0, 0, 0, 0];
    for (let i = o; i < xs.length; i += outputs) {
      const [x, y] = [xs[i]!, ys[i]!];
      sx += x;
      sy += y;
      sxx += x * x;
      sxy += x * y;
    }
    const [mx, my] = hasOffset && reads > 0 ? [sx / reads, sy / reads] : [0, 0];
    const slope = (sxy - reads * mx * my) / (sxx - reads * mx * mx);
    // Sums that are all alike say nothing about a factor.
    factors[o] = Number.isFinite(slope) ? slope : 1;
    offsets[o] = my - factors[o]! * mx;
  }
  return { factors, offsets };
}

/** Sums of a layer, each output times its factor. */
export const scaleOutputs = (sums: Tensor, factors: Tensor, channels: 1 | -1): Tensor =>
  mul(sums, alongOutputs(factors, sums, channels));

/** Sums of a layer, each output on its line. */
export function correctOutputs(sums: Tensor, { factors, offsets }: OutputLines, channels: 1 | -1): Tensor {
  const [slopes, shifts] = [factors, offsets].map((values) => tensor(values, [values.length])) as [Tensor, Tensor];
  return add(scaleOutputs(sums, slopes, channels), alongOutputs(shifts, sums, channels));
}
