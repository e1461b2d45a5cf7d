import * as ops from "@neft/tensor";

/** Window of a transposed convolution, resolved for one input size. Units: pixels. */
export interface TransposedWindow {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends. A negative one enlarges the output. */
  readonly pads: readonly number[];
  readonly outputPadding: readonly number[];
  /** Output size of each axis. */
  readonly output: readonly number[];
}

interface Attributes {
  readonly strides: readonly number[] | undefined;
  readonly dilations: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
  readonly output_padding: readonly number[] | undefined;
  readonly output_shape: readonly number[] | undefined;
  readonly auto_pad: "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER";
}

/**
 * Resolves pads, auto_pad and output_shape, as ONNX defines them.
 *
 * @param spatial  Sizes of the input's spatial axes.
 * @throws {RangeError} for a list of another length than the axes, or an output without pixels.
 */
export function transposedWindow(
  attributes: Attributes,
  spatial: readonly number[],
  kernel: readonly number[],
): TransposedWindow {
  const rank = spatial.length;
  const list = (name: "strides" | "dilations" | "pads" | "output_padding", fallback: number, length = rank) => {
    const given = attributes[name] ?? new Array<number>(length).fill(fallback);
    if (given.length !== length) throw new RangeError(`${name}: expected ${length} numbers, got [${given.join(", ")}]`);
    return given;
  };
  const strides = list("strides", 1);
  const dilations = list("dilations", 1);
  const outputPadding = list("output_padding", 0);
  const { auto_pad: mode, output_shape: target } = attributes;
  if (target !== undefined && target.length !== rank && target.length !== rank + 2)
    throw new RangeError(`output_shape: expected ${rank} numbers, got [${target.join(", ")}]`);
  const full = spatial.map((n, i) => (n - 1) * strides[i]! + outputPadding[i]! + (kernel[i]! - 1) * dilations[i]! + 1);
  const isSame = mode === "SAME_UPPER" || mode === "SAME_LOWER";
  const wanted = target?.slice(-rank) ?? (isSame ? spatial.map((n, i) => n * strides[i]!) : undefined);
  const pads =
    wanted === undefined
      ? mode === "VALID"
        ? new Array<number>(2 * rank).fill(0)
        : list("pads", 0, 2 * rank)
      : spread(full, wanted, mode);
  const output = full.map((n, i) => n - pads[i]! - pads[rank + i]!);
  if (output.some((n) => n < 1))
    throw new RangeError(`expected pads that leave an output, got sizes [${output.join(", ")}]`);
  return { strides, dilations, pads, outputPadding, output };
}

/** Pads that cut sizes to wanted ones; an odd pixel is cut at the end for SAME_UPPER, else at the front. */
function spread(full: readonly number[], wanted: readonly number[], mode: string): number[] {
  const totals = full.map((n, i) => n - wanted[i]!);
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, i) => total - small[i]!);
  return mode === "SAME_UPPER" ? [...small, ...large] : [...large, ...small];
}

/** Number of elements of a kernel and its outputs, as the multiply-adds of one input element. */
export const sizeOfKernel = (weight: readonly number[]): number => ops.sizeOf(weight.slice(1));
