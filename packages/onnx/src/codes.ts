import { evaluateConstants, type GraphNode, type HostArray, type HostData, operatorOf, valuesOf } from "@neft/model";
import type { DType } from "@neft/tensor";

/** How integers of a file stand for the floats of a tensor. */
export interface Codes {
  readonly dtype: DType;
  /** The codes nearest to values. */
  encode(values: Float32Array): HostData;
  decode(codes: HostData): Float32Array;
}

/** The codes that a node on constants decodes, its first input; undefined for another node. */
export function codesOf(node: GraphNode, inputs: readonly (HostArray | undefined)[]): Codes | undefined {
  const row = operatorOf(node);
  const { encode } = row.traits;
  const [first, ...others] = inputs;
  if (encode === undefined || first === undefined) return undefined;
  const { dtype, shape } = first;
  return {
    dtype,
    encode: (values) => encode(values, inputs, valuesOf(row, node)),
    decode: (data) => evaluateConstants(node, [{ dtype, shape, data }, ...others])[0]!.data as Float32Array,
  };
}
