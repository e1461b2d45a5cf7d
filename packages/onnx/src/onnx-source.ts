import type { NamedStorage } from "./stored-tensor.js";

/** Origin of an imported parameter. */
export interface ParameterOrigin {
  /** Bytes that hold only this parameter; if there are none, its values at import. */
  readonly stored: NamedStorage | Float32Array;
  /** Element i of the parameter is element order[i] of the storage; undefined for the same order. */
  readonly order: Int32Array | undefined;
  /** Number of elements. */
  readonly count: number;
}

/** The file that a model was imported from, kept for export. */
export class OnnxSource {
  constructor(
    /** Bytes of the model's file. */
    readonly bytes: Uint8Array,
    /** External files by location. */
    readonly external: ReadonlyMap<string, Uint8Array>,
    /** By parameter name. */
    readonly origins: ReadonlyMap<string, ParameterOrigin>,
    /** Names in a body of tensors that were moved out of it, by their names in the model. */
    readonly locals: ReadonlyMap<string, string>,
    /** TensorProto.DataType of every parameter and constant by name. */
    readonly types: ReadonlyMap<string, number>,
  ) {}
}
