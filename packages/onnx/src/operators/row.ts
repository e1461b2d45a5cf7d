import type { AttributeValue, HostArray } from "@neft/model";
import type { AttributeReader } from "../attribute-reader.js";
import type { StoredTensor } from "../stored-tensor.js";

/** One node of a file, as a row of the table sees it. */
export interface NodeCall {
  /** `node "conv1" (Conv)`, for messages. */
  readonly who: string;
  readonly attributes: AttributeReader;
  /** Value names; an empty name is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names; absent ones at the end are left out. */
  readonly outputs: readonly string[];
  /** Whether an input is there: given and not empty. */
  has(input: number): boolean;
  /** Names a new constant of the model, for what older versions have as attributes; returns the name. */
  constant(role: string, value: HostArray): string;
  /** Decodes a tensor attribute. */
  tensor(name: string): StoredTensor | undefined;
}

/** What a node means in the model: newest semantics, one output. */
export interface CanonicalNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** TensorProto.DataType of the output, where it isn't that of the first input: all floating-point types are one in a model. */
  readonly type?: number;
}

/** What a Constant node means: a tensor under its output's name. */
export interface CanonicalConstant {
  readonly constant: StoredTensor;
}

/** How one operator is read from the opset on under which the row stands, until the next row. */
export interface OperatorRow {
  /** Least and most inputs. */
  readonly inputs: readonly [number, number];
  /** Most outputs. Only the first may be read by other nodes. */
  readonly outputs: number;
  /** What of the operator is not supported, for SUPPORTED.md. */
  readonly limits?: string;
  convert(call: NodeCall): CanonicalNode | CanonicalConstant;
}

/** Rows of one operator by the opset they begin at. */
export type OperatorVersions = Readonly<Record<number, OperatorRow>>;

/** Drops attributes that are undefined. */
export function attributes(values: Record<string, AttributeValue | undefined>): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Record<
    string,
    AttributeValue
  >;
}

/** An operator without attributes whose meaning never changed. */
export function plain(op: string, inputs: readonly [number, number]): OperatorRow {
  return { inputs, outputs: 1, convert: (call) => ({ op, inputs: call.inputs, attributes: {} }) };
}
