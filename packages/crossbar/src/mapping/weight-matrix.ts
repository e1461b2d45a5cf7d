import { inWords } from "@neft/options";

/** A parameter as the matrix that stands on a crossbar: word lines × bit lines. */
export interface WeightMatrix {
  /** [outputs × inputs] elements in the parameter's own order. */
  readonly values: Float32Array;
  /** Bit lines: output channels or features. */
  readonly outputs: number;
  /** Word lines: inputs of one product. For a convolution, in/group times the kernel's size. */
  readonly inputs: number;
  /** Order of the elements: outputs first, as in convolutions, or inputs first. */
  readonly layout: "oi" | "io";
  /** The output of each element, where the layout doesn't say it: of weights that are read through views, or in groups. */
  readonly outputOf?: Uint32Array | undefined;
}

/**
 * Checks that a matrix has as many values as outputs × inputs.
 * @throws {RangeError} otherwise.
 */
export function checkMatrix({ values, outputs, inputs }: WeightMatrix): void {
  if (values.length === outputs * inputs) return;
  throw new RangeError(
    `weights: expected outputs × inputs = ${outputs} × ${inputs} values, got ${inWords(values.length)}`,
  );
}

/**
 * Scales S = max|w|: one of the whole matrix, or one for each output. An empty or zero part has 0.
 * @throws {RangeError} when a weight isn't finite.
 */
export function scalesOf(matrix: WeightMatrix, scale: "tensor" | "column"): Float64Array {
  const { values } = matrix;
  const scales = new Float64Array(scale === "tensor" ? 1 : matrix.outputs);
  const parts = partsOf(matrix, scales);
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (!(magnitude < Infinity)) {
      throw new RangeError(`weights: expected finite values, got ${values[i]} at ${i}; no device can hold it`);
    }
    const part = parts === undefined ? 0 : parts[i]!;
    if (magnitude > scales[part]!) scales[part] = magnitude;
  }
  return scales;
}

/** Index into `scales` of the scale of each element; undefined where all have the first. */
export function partsOf(
  { outputs, inputs, layout, outputOf }: Omit<WeightMatrix, "values">,
  scales: Float64Array,
): Uint32Array | undefined {
  if (scales.length === 1) return undefined;
  if (outputOf !== undefined) return outputOf;
  const parts = new Uint32Array(outputs * inputs);
  for (let i = 0; i < parts.length; i++) parts[i] = layout === "oi" ? Math.floor(i / inputs) : i % outputs;
  return parts;
}
