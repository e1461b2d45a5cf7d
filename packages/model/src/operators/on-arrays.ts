import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { AttributeSchema, AttributesOf } from "../attribute-kinds.js";
import type { HostArray, HostData } from "../host-array.js";
import { checkedSize, maxHostElements } from "../host-array.js";
import {
  defineOperator,
  type ElementsCall,
  type InputsOf,
  type Operator,
  type OperatorCall,
  type OperatorRow,
  type RunCall,
} from "./operator.js";

// Operators whose elements are compared, counted or moved in typed arrays.

/** The elements of a tensor, not copied unless they are f32. */
export const arrayOf = (x: Tensor): HostArray => ({ dtype: x.dtype, shape: x.shape, data: x.values() as HostData });

export const tensorOf = ({ data, shape, dtype }: HostArray): Tensor => ops.tensor(data, shape, dtype);

type Described<S extends AttributeSchema, Min extends number, Max extends number> = Omit<
  OperatorRow<S, Min, Max>,
  "run" | "integers"
>;

/** A row that computes from typed arrays, whatever the dtypes: nothing is differentiable. */
interface ArrayRow<S extends AttributeSchema, Min extends number, Max extends number> extends Described<S, Min, Max> {
  compute(
    inputs: InputsOf<HostArray, Min, Max>,
    attributes: AttributesOf<S>,
    call: RunCall | ElementsCall,
  ): readonly HostArray[];
}

/** Defines an operator without gradients that computes from typed arrays. */
export function defineOnArrays<const S extends AttributeSchema, const Min extends number, const Max extends number>({
  compute,
  ...row
}: ArrayRow<S, Min, Max>): Operator {
  return defineOperator<S, Min, Max>({
    ...row,
    run: (inputs, attributes, call) => {
      const arrays = (inputs as readonly (Tensor | undefined)[]).map((input) => input && arrayOf(input));
      return compute(arrays as unknown as InputsOf<HostArray, Min, Max>, attributes, call).map(tensorOf);
    },
    integers: compute,
  });
}

/** A row that moves elements of its first input; its other inputs and attributes say where. */
interface SelectionRow<S extends AttributeSchema, Min extends number, Max extends number>
  extends Omit<Described<S, Min, Max>, "infer"> {
  /** Shape of the output. @throws {DataDependentError} when it depends on data. */
  shape(shape: readonly number[], attributes: AttributesOf<S>, call: OperatorCall): readonly number[];
  /** Position in the first input of each element of the output; −1 for a 0. */
  positions(shape: readonly number[], attributes: AttributesOf<S>, call: OperatorCall): Int32Array;
  /** The same on f32, faster. Default: by `positions`. */
  float?(x: Tensor, attributes: AttributesOf<S>, call: RunCall): Tensor;
}

/** Defines an operator that moves elements, through which gradients flow. */
export function defineSelection<const S extends AttributeSchema, const Min extends number, const Max extends number>({
  shape,
  positions,
  float,
  ...row
}: SelectionRow<S, Min, Max>): Operator {
  const select = (x: HostArray, attributes: AttributesOf<S>, call: RunCall | ElementsCall): HostArray => {
    const sizes = shape(x.shape, attributes, call);
    checkedSize(sizes, maxHostElements);
    const data = ops.takeValues(x.data as ops.TensorData, positions(x.shape, attributes, call));
    return { dtype: x.dtype, shape: sizes, data };
  };
  return defineOperator<S, number, number>({
    ...row,
    infer: ([x], attributes, call) => [{ dtype: x!.dtype, shape: shape(x!.shape, attributes, call) }],
    run: ([x], attributes, call) => {
      if (x!.dtype !== "f32") return [tensorOf(select(arrayOf(x!), attributes, call))];
      if (float) return [float(x!, attributes, call)];
      const sizes = shape(x!.shape, attributes, call);
      return [ops.takeElements(x!, { shape: sizes, positions: positions(x!.shape, attributes, call) })];
    },
    integers: ([x], attributes, call) => [select(x!, attributes, call)],
  });
}
