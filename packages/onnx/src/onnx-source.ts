import type { NodeInput } from "./draft.js";
import type { StoredPlace } from "./stored-tensor.js";

/** Where an imported parameter came from. */
export interface ParameterOrigin {
  /** TensorProto.DataType the file has it in. */
  readonly type: number;
  /** The bytes that hold it, or, where it has none, the values it was imported with. */
  readonly stored: StoredPlace | Float32Array;
  /** Element i of the parameter is element order[i] of the place; the same order when undefined. */
  readonly order: Int32Array | undefined;
  /** The one input that reads it, where the file has it only as a tensor others read too. */
  readonly reader: NodeInput | undefined;
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
  ) {}
}
