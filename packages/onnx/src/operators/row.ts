import type { AttributeValue, HostArray } from "@neft/model";
import type { AttributeReader } from "../attribute-reader.js";
import type { StoredTensor } from "../stored-tensor.js";

/** A node of the file, as passed to its row. */
export interface NodeCall {
  /** `node "conv1" (Conv)`, for messages. */
  readonly who: string;
  readonly attributes: AttributeReader;
  /** Value names; an empty name is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names. Absent ones at the end are left out. */
  readonly outputs: readonly string[];
  /** Whether an input is present. */
  has(input: number): boolean;
  /** Adds a constant to the model, for what older versions store as attributes. Returns its name. */
  constant(role: string, value: HostArray): string;
  /** Decodes a tensor attribute. */
  tensor(name: string): StoredTensor | undefined;
  /** Decodes an attribute that is a list of floats. */
  floats(name: string): StoredTensor | undefined;
}

/** A node in the model's form: newest semantics, one output. */
export interface CanonicalNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /**
   * TensorProto.DataType of the output, if it isn't that of the first input. All floating-point types are f32 in a
   * model.
   */
  readonly type?: number;
}

/** A Constant node in the model's form: a tensor. */
export interface CanonicalConstant {
  readonly constant: StoredTensor;
}

/** Reads one operator, from the opset it is listed under up to the next row. */
export interface OperatorRow {
  /** Minimum and maximum number of inputs. */
  readonly inputs: readonly [number, number];
  /** Maximum number of outputs. Other nodes can read only the first. */
  readonly outputs: number;
  /** Unsupported parts of the operator, for SUPPORTED.md. Default: none. */
  readonly limits?: string;
  /** Converts a node. @throws {Error} for features that aren't supported. */
  convert(call: NodeCall): CanonicalNode | CanonicalConstant;
}

/** Rows of one operator, by their first opset. */
export type OperatorVersions = Readonly<Record<number, OperatorRow>>;

/** Removes undefined attributes. */
export function attributes(values: Record<string, AttributeValue | undefined>): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Record<
    string,
    AttributeValue
  >;
}

/** Row for an operator without attributes whose meaning never changed. */
export function plain(op: string, inputs: readonly [number, number]): OperatorRow {
  return { inputs, outputs: 1, convert: (call) => ({ op, inputs: call.inputs, attributes: {} }) };
}
