/** Where the results of cells are kept, by key. A store may be shared by processes and machines. */
export interface Store {
  /** The result of a cell: canonical JSON. Undefined if there is none. */
  readResult(key: string): Promise<string | undefined>;
  /**
   * Keeps a result, as a whole or not at all.
   * @throws {Error} if the store has another result of the cell.
   */
  writeResult(key: string, text: string): Promise<void>;
  /**
   * A network that a cell made, by the digest of its file.
   * @throws {Error} if there is none, or its digest is another.
   */
  readModel(sha256: string): Promise<Uint8Array>;
  /** Keeps a network's file. @returns its digest. */
  writeModel(bytes: Uint8Array): Promise<string>;
  /** The state of an unfinished cell; undefined if there is none. */
  readCheckpoint(key: string): Promise<Uint8Array | undefined>;
  writeCheckpoint(key: string, bytes: Uint8Array): Promise<void>;
  removeCheckpoint(key: string): Promise<void>;
  /** Keeps what the result doesn't depend on: how long a cell took, where. */
  writeRun(key: string, run: CellRun): Promise<void>;
  readRun(key: string): Promise<CellRun | undefined>;
}

/** How a cell ran. */
export interface CellRun {
  readonly seconds: number;
  readonly workers: number;
}
