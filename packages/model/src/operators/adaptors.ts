import type { AttributeSchema } from "../attribute-kinds.js";
import { type HostArray, int64Array } from "../host-array.js";
import { type Adaptor, defineAdaptor } from "./operator.js";

/** An f32 scalar. */
export const scalar = (value: number): HostArray => ({ dtype: "f32", shape: [], data: Float32Array.of(value) });

/**
 * Reads a version whose attribute, a list of integers, is the row's second input. All other attributes are the row's.
 * An empty list is an absent one, as in the standard's reference.
 *
 * @param name  Name of the list.
 * @param lists  Kind of the list.
 */
export function listBecomesInput<const S extends AttributeSchema>(
  name: string,
  lists: AttributeSchema[string],
  others: S,
  limits?: string,
): Adaptor {
  return defineAdaptor({
    inputs: [1, 1],
    attributes: { ...others, [name]: lists } as AttributeSchema,
    ...(limits !== undefined && { limits }),
    adapt: ({ inputs, attributes: { [name]: list, ...rest }, constant }) => ({
      inputs: isAbsent(list, lists) ? inputs : [inputs[0]!, constant(name, int64Array(list))],
      attributes: rest,
    }),
  });
}

const isAbsent = (list: readonly number[] | undefined, { isRequired }: AttributeSchema[string]): list is undefined =>
  list === undefined || (list.length === 0 && !isRequired);
