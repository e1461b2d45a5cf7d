import type { DType, Tensor } from "@neft/tensor";
import { parameter } from "@neft/tensor";
import { constant } from "./constant.js";
import type { GraphNode, ValueInfo } from "./graph.js";
import type { HostData } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import { Model } from "./model.js";
import { coreOperators } from "./operators/core.js";

/** A tensor as plain data. */
export interface TensorRecord {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

/** A model as plain data, for structured clone: workers receive it. */
export interface ModelRecord {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly parameters: readonly TensorRecord[];
  readonly constants: readonly TensorRecord[];
  /** Whether a node's row isn't one of `coreOperators`, so that its reader may have to know more. */
  readonly isExtended: boolean;
}

/** Copies a model to plain data. `source` is dropped: only the original model can be exported byte for byte. */
export function modelToRecord(model: Model): ModelRecord {
  const { name, inputs, outputs, nodes } = model;
  const record = (tensors: ReadonlyMap<string, Tensor>): TensorRecord[] =>
    [...tensors].map(([key, { dtype, shape }]) => ({
      name: key,
      dtype,
      shape: [...shape],
      data: tensors.get(key)!.toArray() as HostData,
    }));
  return {
    name,
    inputs,
    outputs,
    nodes,
    parameters: record(model.parameters),
    constants: record(model.constants),
    isExtended: nodes.some((node) => operatorOf(node) !== coreOperators.get(node.op)),
  };
}

/**
 * Creates a new model from a record.
 * @param source  That of the model it was made from, so that the new one can be exported byte for byte too. Default: none.
 * @throws {Error} when the record is invalid.
 */
export function modelFromRecord(record: ModelRecord, source?: unknown): Model {
  return new Model({
    ...record,
    source,
    parameters: new Map(
      record.parameters.map(({ name, shape, data }) => [name, parameter(data as Float32Array, [...shape])]),
    ),
    constants: new Map(record.constants.map((one) => [one.name, constant(one)])),
  });
}

/** Copies a model, tensors included. An export of the copy changes no more of an imported file than an export of the original. */
export function copyModel(model: Model): Model {
  return modelFromRecord(modelToRecord(model), model.source);
}
