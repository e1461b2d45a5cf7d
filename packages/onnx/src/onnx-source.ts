import type { NamedPlace } from "./stored-tensor.js";

/** Where an imported parameter came from. */
export interface ParameterOrigin {
  /** The bytes that are its own, or, where it has none, the values it was imported with. */
  readonly stored: NamedPlace | Float32Array;
  /** Element i of the parameter is element order[i] of the place; the same order when undefined. */
  readonly order: Int32Array | undefined;
}

/** What an export needs of the file a model was imported from. */
export class OnnxSource {
  constructor(
    /** The model's own bytes. */
    readonly bytes: Uint8Array,
    /** External files by location. */
    readonly external: ReadonlyMap<string, Uint8Array>,
    /** By parameter name. */
    readonly origins: ReadonlyMap<string, ParameterOrigin>,
    /** TensorProto.DataType of every parameter and constant by name. */
    readonly types: ReadonlyMap<string, number>,
  ) {}
}
