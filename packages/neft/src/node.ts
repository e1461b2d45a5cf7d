/** Entry point of `neft` in Node: all exports of index.ts, and the file readers. */
export type { DataSpec } from "./data-spec.js";
export * from "./index.js";
export { readDataset } from "./read-dataset.js";
export { type ModelFromFile, readModel } from "./read-model.js";
