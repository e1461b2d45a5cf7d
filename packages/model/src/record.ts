import type { DType, Tensor } from "@neft/tensor";
import { parameter } from "@neft/tensor";
import { constant } from "./constant.js";
import type { GraphNode, ValueInfo } from "./graph.js";
import type { HostData } from "./host-array.js";
import { Model } from "./model.js";

/** A tensor as plain data. */
export interface TensorRecord {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

/** A model as plain data, for structured clone: what a worker is sent. */
export interface ModelRecord {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly parameters: readonly TensorRecord[];
  readonly constants: readonly TensorRecord[];
}

/** Copies a model's contents. Its `source` stays behind: only the original can be exported byte for byte. */
export function modelToRecord(model: Model): ModelRecord {
  const { name, inputs, outputs, nodes } = model;
  const record = (tensors: ReadonlyMap<string, Tensor>): TensorRecord[] =>
    [...tensors].map(([key, { dtype, shape }]) => ({
      name: key,
      dtype,
      shape: [...shape],
      data: tensors.get(key)!.toArray() as HostData,
    }));
  return { name, inputs, outputs, nodes, parameters: record(model.parameters), constants: record(model.constants) };
}

/** A model of its own from a record. @throws {Error} where the record is no valid model. */
export function modelFromRecord(record: ModelRecord): Model {
  return new Model({
    ...record,
    parameters: new Map(
      record.parameters.map(({ name, shape, data }) => [name, parameter(data as Float32Array, [...shape])]),
    ),
    constants: new Map(record.constants.map((one) => [one.name, constant(one)])),
  });
}
